import type { ColumnCutover, Connection, Dialect, Stage } from "@runback/core";
import type { Context } from "../context.ts";
import { countedSince } from "./counted-since.ts";
import { cutoverTables } from "./cutover-tables.ts";
import { type MetricCounts, sinceUnknown } from "./metrics.ts";
import { readyTables } from "./ready-tables.ts";
import { type StoredCutover, storedCutover } from "./stored-cutover.ts";

/** Sums of counts; `compared` is equal and different together. */
export interface MetricSums extends MetricCounts {
  readonly compared: number;
  /** Milliseconds of a call; null without one. */
  readonly meanMs: number | null;
  readonly maxMs: number | null;
}

export interface MetricsOfStage extends MetricSums {
  readonly stage: Stage;
  readonly operation: "read" | "write";
  readonly reporter: string;
  readonly lastAt: string;
}

/** The document `GET /v1/cutovers/{name}/metrics` answers. */
export interface CutoverMetrics {
  readonly cutover: string;
  /** Start of the oldest hour that is counted, 23 to 24 hours ago, and now. */
  readonly window: { readonly from: string; readonly to: string };
  readonly total: MetricSums;
  readonly stages: readonly MetricsOfStage[];
  /** Reads compared since the phase began, or since comparing was turned on in it; null before a cutover is begun. */
  readonly phase: (MetricSums & { readonly since: string }) | null;
}

const hour = 60 * 60 * 1000;

/** What applications reported in the last 24 hours, and in this phase. */
export async function readMetrics(
  { engine, clock }: Pick<Context, "engine" | "clock">,
  cutover: ColumnCutover,
): Promise<CutoverMetrics> {
  await readyTables(engine);
  const { dialect } = engine;
  const { metrics } = cutoverTables(dialect);
  const now = clock.now();
  const from = new Date(Math.floor(now.getTime() / hour) * hour - 23 * hour).toISOString();
  const { rows } = await engine.query<
    SumRow & { stage: Stage; operation: "read" | "write"; reporter: string; last_at: string }
  >(
    `SELECT stage, operation, reporter, ${sums}, max(last_at) AS last_at FROM ${metrics}
     WHERE cutover = $1 AND hour >= $2 GROUP BY stage, operation, reporter ORDER BY stage, operation, reporter`,
    [cutover.name, from],
  );
  const stored = await storedCutover(engine, dialect, cutover);
  const phase = await comparedSince(engine, dialect, cutover, stored, null);
  return {
    cutover: cutover.name,
    window: { from, to: now.toISOString() },
    total: totalOf(rows),
    stages: rows.map((each) => ({
      ...{ stage: each.stage, operation: each.operation, reporter: each.reporter, lastAt: each.last_at },
      ...totalOf([each]),
    })),
    phase,
  };
}

/**
 * Reads that were compared since the phase began, or since comparing was turned on in it. What reports name no phase for is
 * not in it as equal; as different, failed or lost it is, when it came in this phase.
 *
 * @param from names of tokens whose reports count; null: all
 */
export async function comparedSince(
  connection: Connection,
  dialect: Dialect,
  cutover: ColumnCutover,
  stored: StoredCutover,
  from: readonly string[] | null,
): Promise<(MetricSums & { readonly since: string }) | null> {
  const since = (await countedSince(connection, dialect, [stored])).get(cutover.name);
  if (since === undefined) return null;
  const { metrics } = cutoverTables(dialect);
  const sum = async (where: string, value: string) => {
    const reporters = from === null ? "" : `AND reporter IN (${from.map((_, at) => `$${at + 3}`).join(", ")})`;
    const { rows } = await connection.query<SumRow>(
      `SELECT ${sums} FROM ${metrics} WHERE cutover = $1 AND operation = 'read' AND ${where} ${reporters}`,
      [cutover.name, value, ...(from ?? [])],
    );
    return totalOf(rows);
  };
  const known = await sum("since = $2", since);
  const unknown = await sum(`since = '${sinceUnknown}' AND last_at >= $2`, since);
  const { different, failed, dropped } = unknown;
  return {
    ...known,
    since,
    compared: known.compared + different,
    different: known.different + different,
    failed: known.failed + failed,
    unknown: known.unknown + unknown.unknown,
    dropped: known.dropped + dropped,
  };
}

const sums = `sum(calls) AS calls, sum(failed) AS failed, sum(timeouts) AS timeouts, sum(equal_reads) AS equal_reads,
  sum(different_reads) AS different_reads, sum(unknown_reads) AS unknown_reads, sum(dropped) AS dropped,
  sum(total_us) AS total_us, max(max_us) AS max_us`;

const names = [
  ...([
    "calls",
    "failed",
    "timeouts",
    "equal_reads",
    "different_reads",
    "unknown_reads",
    "dropped",
    "total_us",
  ] as const),
  "max_us",
] as const;

/** As drivers give sums: numbers, texts, or NULL where there is nothing to add. */
type SumRow = Readonly<Record<(typeof names)[number], number | string | null>>;

function totalOf(rows: readonly SumRow[]): MetricSums {
  const add = (name: (typeof names)[number]) => rows.reduce((sum, row) => sum + Number(row[name] ?? 0), 0);
  const [calls, equal, different] = [add("calls"), add("equal_reads"), add("different_reads")];
  const ms = (us: number) => Math.round(us) / 1_000;
  return {
    ...{ calls, failed: add("failed"), timeouts: add("timeouts") },
    ...{ compared: equal + different, equal, different, unknown: add("unknown_reads"), dropped: add("dropped") },
    meanMs: calls === 0 ? null : ms(add("total_us") / calls),
    maxMs: calls === 0 ? null : ms(Math.max(...rows.map((row) => Number(row.max_us ?? 0)))),
  };
}
