import { afterAll, beforeAll, expect, test } from "vitest";
import { acquireEmbedded, type EmbeddedLease } from "../../packages/runtime/src/embedded/acquire.ts";
import { signal } from "../../packages/runtime/src/embedded/processes.ts";
import { postmasterPid, query, scratchFolder, serverProcesses } from "../support/embedded-clients.ts";
import { violations } from "./invariants.ts";
import { type JobResult, runJob } from "./job.ts";
import { startWorker } from "./start-worker.ts";
import { journaledTables, prepareImport, type Subject, scratchFolder as scratchVault, subject } from "./targets.ts";

let under: Subject;
const home = scratchFolder();
const vault = scratchVault("vault");
let server: EmbeddedLease;
const where = () => ({ databaseUrl: server.url, vaultUrl: `file://${vault.path}` });

beforeAll(async () => {
  under = await subject("import");
  server = await acquireEmbedded({ directory: home.path });
  await prepareImport(server.url, under.task);
});
afterAll(async () => {
  await server?.release();
  home.clean(home.path);
  vault.remove();
  under?.close();
});

/** The whole server dies at once, as in a power cut, and is started again. */
async function crashServer(): Promise<void> {
  for (const pid of [postmasterPid(home.path), ...serverProcesses(home.path)]) signal(pid, "SIGKILL");
  await server.release();
  server = await acquireEmbedded({ directory: home.path });
}

async function crashAt(point: number, runId: string): Promise<void> {
  const worker = startWorker({ ...under.task, ...where(), runId, holdAt: point });
  expect((await worker.held) ?? (await worker.end)).toBeTypeOf("string");
  await crashServer();
  worker.go();
  expect(await worker.end).toMatchObject({
    stderr: "",
    error: { code: expect.stringMatching(/^(TARGET_UNREACHABLE|STAGING_LOST)$/) },
  });
}

async function sameAsBefore(): Promise<boolean> {
  const differing = journaledTables.map(
    (table) =>
      `SELECT FROM public."${table}" t FULL JOIN before_run."${table}" b USING (id) WHERE t IS DISTINCT FROM b`,
  );
  return (await query(server.url, differing.join(" UNION ALL "))).length === 0;
}

const entities = (result: JobResult) => ("entities" in result ? result.entities : {});

test.each([
  // In the last entity an empty staging table looks exactly like work that is done.
  ["in the steps of the last entity", "aaaa", 'before INSERT INTO "public"."Registration"'],
  ["before the bundle is written", "bbbb", "before put bundles/"],
])("a crash of the server %s: staging is lost and said to be, a new import converges", async (_, letters, prefix) => {
  expect(await sameAsBefore()).toBe(true);
  const points = under.points.flatMap((point, at) => (point.startsWith(prefix) ? [at + 1] : []));
  const crashed = `run-20260115-143000-${letters}00`;
  await crashAt(points[Math.floor(points.length / 2)]!, crashed);
  expect(await violations(server.url, crashed)).toEqual([]);
  const resumed = runJob({ ...under.task, ...where(), runId: crashed, action: "resume" });
  await expect(resumed).rejects.toMatchObject({ code: "STAGING_LOST" });
  expect(await violations(server.url, crashed)).toEqual([]);

  const again = await runJob({ ...under.task, ...where(), runId: `run-20260115-150000-${letters}01` });
  const written = (await query(server.url, "SELECT rows::int FROM runback.runs ORDER BY num")).map(({ rows }) => rows);
  const whole = (under.undisturbed.run as { rows: string }[])[0]!.rows;
  expect(written.at(-2) + written.at(-1)).toBe(Number(whole));
  expect(written.at(-2)).toBeGreaterThan(0);
  const third = await runJob({ ...under.task, ...where(), runId: `run-20260115-150000-${letters}02` });
  for (const name of Object.keys(entities(again)))
    expect(entities(third)[name]).toMatchObject({ created: 0, updated: 0, conflicts: 0, quarantined: 0 });

  // Both halves can be taken back, the crashed one too.
  for (const [at, reverts] of [`run-20260115-150000-${letters}01`, crashed].entries())
    await runJob({
      ...under.task,
      ...where(),
      action: "rollback",
      reverts,
      runId: `run-20260115-160000-${letters}0${at}`,
    });
  expect(await sameAsBefore()).toBe(true);
});
