/**
 * One engine's backfill, measured: `node backfill-child.ts <database url> <vault url> <rows>`. Prints one JSON document.
 *
 * Two tables of the same rows. One is filled by the same steps as bare SQL (the same statements on windows of the same sizes,
 * committed one by one, without journal, checkpoint or record), the other by the backfill. Then a third is filled while
 * somebody else updates single rows of it.
 */

import { attendeeStatus } from "@runback/attendance";
import { type ColumnCutover, type Engine, phaseDdl, silentLogger, type Table } from "@runback/core";
import { openEngine } from "@runback/engines";
import { type Context, runBackfill } from "@runback/operations";
import { openVault } from "@runback/vault";
import { backfillSql } from "../../packages/operations/src/cutover/backfill-sql.ts";
import { foreground, type Latencies } from "./foreground.ts";

export interface BackfillChild {
  readonly bareMs: number;
  readonly journaledMs: number;
  readonly longestStepMs: number;
  readonly steps: number;
  readonly foreground: { readonly alone: Latencies; readonly during: Latencies };
  readonly cpuMs: number;
}

const [url, vaultUrl, count] = process.argv.slice(2) as [string, string, string];
const total = Number(count);
const engine = await openEngine(url);
const { dialect } = engine;
await engine.init();
const vault = await openVault(vaultUrl);
const context: Context = {
  engine,
  vault,
  clock: { now: () => new Date() },
  logger: silentLogger,
  holder: `bench:${process.pid}`,
  isDead: () => false,
};
const cutoverOf = (name: string): ColumnCutover => ({ ...attendeeStatus, name, table: { schema: "", name } });

const bare = await make("attendance_bare");
const journaled = await make("attendance_journaled");
const crowded = await make("attendance_crowded");

// The windows of the journaled run first, so that the bare one takes the very same.
await settle(journaled);
const cpu = process.cpuUsage();
const filledBy = await timed(() => backfill("attendance_journaled"));
const cpuMs = (process.cpuUsage(cpu).user + process.cpuUsage(cpu).system) / 1000;
const steps = (await engine.store.steps(engine, filledBy.value.runId)).map(({ rows }) => rows);
await settle(bare);
const bareCpu = process.cpuUsage();
const bareMs = await fillBare(bare, "attendance_bare", steps);
const bareCpuMs = (process.cpuUsage(bareCpu).user + process.cpuUsage(bareCpu).system) / 1000;

await settle(crowded);
const load = foreground(url, "attendance_crowded", total);
const alone = await load.measure(5_000);
// Among others it takes its time; a minute and a half of it is thousands of updates.
const stop = AbortSignal.timeout(90_000);
const running = backfill("attendance_crowded", stop).catch((error: { code?: string }) => {
  if (error.code !== "STOPPED") throw error;
});
const during = await load.measure(running);
await load.stop();
await running;

process.stdout.write(
  JSON.stringify({
    bareMs,
    journaledMs: filledBy.ms,
    longestStepMs: filledBy.value.longestStepMs,
    steps: steps.length,
    foreground: { alone, during },
    cpuMs,
  } satisfies BackfillChild),
);
process.stderr.write(
  `${JSON.stringify({ bareMs, bareCpuMs, cpuMs, ms: filledBy.ms, result: filledBy.value, alone, during, crowd: await running })}\n`,
);
await engine.close();
await vault.close();

async function backfill(name: string, signal?: AbortSignal) {
  return await runBackfill(signal === undefined ? context : { ...context, signal }, {
    cutover: cutoverOf(name),
    operator: "bench",
    auditTable: { schema: "runback", name: "audit" },
    runbookCompat: false,
  });
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const began = performance.now();
  const value = await work();
  return { ms: performance.now() - began, value };
}

/** The attendance table of runbook 1, its rows, and the new column with its check and its index. */
async function make(name: string): Promise<Table> {
  const text = engine.name === "mysql" ? "varchar(64)" : "text";
  await engine.script(`CREATE TABLE ${name} (
    id bigint NOT NULL PRIMARY KEY, member_id bigint NOT NULL, event_id bigint NOT NULL, status ${text} NOT NULL,
    source ${text} NOT NULL, checked_in_at ${text}, created_at ${text} NOT NULL, updated_at ${text} NOT NULL)`);
  const spellings = ["registered", "Checked-In", "no_show", "walk-in", "present", "preregistered", "dna", "attended"];
  await engine.transaction((tx) =>
    tx.load(
      { schema: engine.name === "postgres" ? "public" : "", name },
      ["id", "member_id", "event_id", "status", "source", "checked_in_at", "created_at", "updated_at"],
      (async function* () {
        for (let id = 1; id <= total; id++) {
          const at = new Date(1_700_000_000_000 + id * 1_000).toISOString();
          const status = spellings[id % spellings.length]!;
          yield [String(id * 3), String(id % 9_973), String(id % 401), status, "prereg", id % 3 ? null : at, at, at];
        }
      })(),
    ),
  );
  if (engine.name !== "sqlite") await engine.script(`CREATE INDEX ${name}_member ON ${name} (member_id, event_id)`);
  else await engine.script(`CREATE INDEX ${name}_member ON ${name} (member_id, event_id)`);
  for (const step of phaseDdl(cutoverOf(name), 0, dialect).up) if (step.kind === "sql") await engine.script(step.sql);
  return (await engine.catalog()).tables.find((table) => table.name === name)!;
}

/** Both begin on tables at rest and an empty log. */
async function settle(table: Table): Promise<void> {
  if (engine.name === "postgres") {
    await engine.script(`VACUUM ANALYZE ${table.name}`);
    await engine.script("CHECKPOINT");
  }
  if (engine.name === "sqlite") await engine.script("PRAGMA wal_checkpoint(TRUNCATE)");
  if (engine.name === "mysql") await engine.script(`ANALYZE TABLE ${table.name}`);
}

/** The same windows, the same UPDATE, each committed; nothing else. */
async function fillBare(table: Table, name: string, windows: readonly number[]): Promise<number> {
  const { keyset } = engine;
  const sql = backfillSql(cutoverOf(name), dialect, false);
  const began = performance.now();
  let after: string | null = null;
  for (const rows of windows) {
    after = await engine.transaction(async (tx) => await bareStep(tx, keyset, table, sql, after, rows));
    if (after === null) break;
  }
  return performance.now() - began;
}

async function bareStep(
  tx: Parameters<Parameters<Engine["transaction"]>[0]>[0],
  keyset: Engine["keyset"],
  table: Table,
  sql: ReturnType<typeof backfillSql>,
  after: string | null,
  rows: number,
): Promise<string | null> {
  const lower = after === null ? "1 = 1" : keyset.compare("t", table, ">", 1);
  const given = after === null ? [] : [after];
  const found = await tx.query<{ k0: string }>(
    `SELECT ${keyset.values("t", table)} FROM ${dialect.table(table)} t WHERE ${lower} ORDER BY ${keyset.order("t", table)} LIMIT 1 OFFSET ${rows - 1}`,
    given,
  );
  const through = found.rows[0]?.k0 ?? null;
  const upper = through === null ? "1 = 1" : keyset.compare("t", table, "<=", given.length + 1);
  await tx.query(
    `UPDATE ${dialect.table(table)} AS t SET ${dialect.id("status_v2")} = ${sql.code} WHERE ${lower} AND ${upper} AND ${sql.unset} AND ${sql.code} IS NOT NULL`,
    through === null ? given : [...given, through],
  );
  return through;
}
