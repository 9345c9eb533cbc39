import { join } from "node:path";
import { writeSampleExport } from "@runback/membership";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonOf } from "../../cli/cli-result.ts";
import { writeConfig } from "../../cli/config-file.ts";
import { spawnCli, startCli } from "../../cli/spawn-cli.ts";
import { blockTable } from "../../faults/block-table.ts";
import { sampleSize, sampleWorld, type Target, type World } from "../support/world.ts";

interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly recovery: string };
}

let world: World;
let config: string;
let source: string;
beforeAll(async () => {
  world = await sampleWorld();
  config = await writeConfig(world.folder);
  // A later export of another club under the same ids: rows to update, and conflicts.
  source = join(world.folder, "later");
  await writeSampleExport(source, { ...sampleSize, members: 500, seed: 7 });
});
afterAll(() => world[Symbol.asyncDispose]());

/** Content without what two runs at two times cannot have in common: times and the run's own id. */
async function contentOf({ engine }: Target) {
  const { rows } = await engine.query(
    `SELECT t, count(*)::int AS rows, md5(string_agg(row::text, '|' ORDER BY row::text)) AS content FROM (
       SELECT 'Member' AS t, to_jsonb(m) - 'createdAt' - 'updatedAt' AS row FROM "Member" m
       UNION ALL SELECT 'Event', to_jsonb(e) - 'createdAt' - 'updatedAt' FROM "Event" e
       UNION ALL SELECT 'Registration', to_jsonb(r) - 'createdAt' - 'updatedAt' FROM "Registration" r
       UNION ALL SELECT 'WaIdMapping', to_jsonb(w) - 'syncedAt' - 'syncRunId' FROM "WaIdMapping" w
     ) every GROUP BY t ORDER BY t`,
  );
  return rows;
}

it("Ctrl-C stops an import at a step boundary, and --resume ends it as if nothing had happened", async () => {
  await using undisturbed = await world.clone();
  await using target = await world.clone();
  const at = ({ url }: Target) => ({ env: { DATABASE_URL: url, VAULT_URL: world.vaultUrl } });
  const args = ["--config", config, "--json"];

  // While somebody holds the table of events, the import is in the middle of a step. That is when Ctrl-C comes.
  await using block = await blockTable(target.url, "Event");
  const cli = startCli(["import", "--source", source, ...args], at(target));
  const early = cli.result.then((result) => {
    throw new Error(`ended before its step: ${JSON.stringify(result)}`);
  });
  await Promise.race([block.hit, early]);
  early.catch(() => {});
  cli.process.kill("SIGINT");
  await block.release();
  const stopped = await cli.result;
  const { error } = jsonOf<Failure & Record<string, unknown>>(stopped);
  expect({ status: stopped.status, code: error.code }).toEqual({ status: 2, code: "STOPPED" });
  const runId = /runback import --resume (run-[\w-]+)/.exec(error.recovery)?.[1] ?? "";
  expect(error.recovery).toContain(`runback rollback ${runId}`);
  const { rows } = await target.engine.query(`SELECT state, kind FROM runback.runs WHERE run_id = $1`, [runId]);
  expect(rows).toEqual([{ state: "paused", kind: "import" }]);

  const resumed = await spawnCli(["import", "--resume", runId, ...args], at(target));
  expect(resumed).toMatchObject({ status: 0, stderr: "" });
  const whole = await spawnCli(["import", "--source", source, ...args], at(undisturbed));
  expect(whole).toMatchObject({ status: 0, stderr: "" });
  const [one, other] = [jsonOf(resumed), jsonOf(whole)];
  expect(one).toMatchObject({ runId, entities: other.entities, planDigest: other.planDigest });
  expect(one.entities).toMatchObject({ members: { parsed: 500 }, registrations: { parsed: 1_200 } });
  expect(await contentOf(target)).toEqual(await contentOf(undisturbed));

  const verified = await spawnCli(["verify", "-b", runId, "-o", join(world.folder, "report.md"), ...args], at(target));
  expect(verified).toMatchObject({ status: 0 });
  // Four processes one after the other, on a machine that may be busy with other suites.
}, 180_000);
