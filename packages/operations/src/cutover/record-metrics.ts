import { type ColumnCutover, type Connection, digestOf, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { retryLocked } from "../run/retry-locked.ts";
import { countedSince } from "./counted-since.ts";
import { cutoverTables } from "./cutover-tables.ts";
import { type ReportedCounts, sinceEarlier, sinceUnknown } from "./metrics.ts";
import { readyTables } from "./ready-tables.ts";
import { storedCutover } from "./stored-cutover.ts";

export interface MetricsReport {
  /** Name of the token that it came with. */
  readonly reporter: string;
  readonly counts: readonly ReportedCounts[];
  /** What makes it known again when it is sent a second time; null when nothing does. */
  readonly id: string | null;
}

export interface MetricsRecorded {
  readonly cutover: string;
  /** False: this report was counted before. */
  readonly counted: boolean;
}

/**
 * Adds what an application reports to the sums of this hour. The report's id is kept in the same transaction: sent again
 * after a crash at any point, it counts once.
 *
 * @throws `METRICS_INVALID` (422)
 */
export async function recordMetrics(
  { engine, clock }: Context,
  cutover: ColumnCutover,
  report: MetricsReport,
): Promise<MetricsRecorded> {
  assertConsistent(report.counts);
  await readyTables(engine);
  const { dialect } = engine;
  const { reports } = cutoverTables(dialect);
  const counted = await retryLocked(() =>
    engine.transaction(async (tx) => {
      const at = clock.now().toISOString();
      if (report.id !== null) {
        const { rows } = await tx.query(`SELECT 1 AS known FROM ${reports} WHERE id = $1`, [report.id]);
        if (rows.length > 0) return false;
        await tx.query(`INSERT INTO ${reports} (id, at) VALUES ($1, $2)`, [report.id, at]);
      }
      const stored = await storedCutover(tx, dialect, cutover);
      const now = (await countedSince(tx, dialect, [stored])).get(cutover.name);
      // In one order, so that two reports never wait for each other.
      const named = report.counts.map((each) => row(cutover.name, report.reporter, at, now, each));
      for (const each of [...named].sort((a, b) => (a.id < b.id ? -1 : 1))) await add(tx, dialect, each);
      return true;
    }),
  );
  return { cutover: cutover.name, counted };
}

interface Row extends Omit<ReportedCounts, "totalMs" | "maxMs"> {
  readonly id: string;
  readonly cutover: string;
  readonly reporter: string;
  readonly hour: string;
  readonly at: string;
  readonly since: string;
  readonly totalUs: number;
  readonly maxUs: number;
}

function row(
  cutover: string,
  reporter: string,
  at: string,
  now: string | undefined,
  { totalMs, maxMs, ...counts }: ReportedCounts,
): Row {
  const { stage, operation } = counts;
  const since = counts.since === null ? sinceUnknown : counts.since === now ? now : sinceEarlier;
  const about = { cutover, reporter: reporter.slice(0, 200), hour: `${at.slice(0, 13)}:00:00.000Z`, since };
  const times = { totalUs: Math.round(totalMs * 1_000), maxUs: Math.round(maxMs * 1_000) };
  return { ...counts, ...about, ...times, at, id: digestOf({ ...about, stage, operation }) };
}

async function add(tx: Connection, dialect: Parameters<typeof cutoverTables>[0] & AddDialect, each: Row) {
  const { metrics } = cutoverTables(dialect);
  const sums = [
    "calls",
    "failed",
    "timeouts",
    "equal_reads",
    "different_reads",
    "unknown_reads",
    "dropped",
    "total_us",
  ];
  const more = sums.map((name, at) => `${name} = ${metrics}.${name} + $${at + 8}`);
  await tx.query(
    `INSERT INTO ${metrics} (id, cutover, hour, since, stage, operation, reporter, ${sums.join(", ")}, max_us, last_at)
     VALUES (${Array.from({ length: 17 }, (_, at) => `$${at + 1}`).join(", ")})
     ${dialect.onConflict("id")} ${more.join(", ")},
       max_us = CASE WHEN ${metrics}.max_us < $16 THEN $16 ELSE ${metrics}.max_us END, last_at = $17`,
    [
      ...[each.id, each.cutover, each.hour, each.since, each.stage, each.operation, each.reporter],
      ...[each.calls, each.failed, each.timeouts, each.equal, each.different, each.unknown, each.dropped],
      ...[each.totalUs, each.maxUs, each.at],
    ],
  );
}

interface AddDialect {
  onConflict(column: string): string;
}

function assertConsistent(counts: readonly ReportedCounts[]): void {
  const refuse = (why: string) =>
    new RunbackError("METRICS_INVALID", `The report cannot be: ${why}.`, {
      recovery: "Nothing of it was counted. Send what `MetricReporter` of @runback/flags sends.",
      status: 422,
    });
  const seen = new Set<string>();
  for (const { stage, operation, since, ...each } of counts) {
    const name = `${stage} ${operation} ${since}`;
    if (seen.has(name)) throw refuse("a stage and operation is listed twice");
    seen.add(name);
    if (each.failed + each.timeouts > each.calls) throw refuse("more calls failed than were made");
    if (each.maxMs > each.totalMs) throw refuse("the slowest call took longer than all of them");
    const compared = each.equal + each.different + each.unknown;
    if (compared > 0 && (operation !== "read" || (stage !== "shadow" && stage !== "live")))
      throw refuse("something was compared where nothing is: only reads of the stages shadow and live are");
  }
}
