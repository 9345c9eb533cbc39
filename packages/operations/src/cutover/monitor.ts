import { type ColumnCutover, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { addEvidence, newestEvidence } from "./evidence.ts";
import { countsOf } from "./gate.ts";
import { type MonitorProblems, monitorProblems } from "./monitor-verdict.ts";
import { positionText } from "./positions.ts";
import { type RowCounts, rowCounts, whyFailed } from "./row-counts.ts";
import { storedCutover } from "./stored-cutover.ts";

export interface CutoverMonitored {
  readonly cutover: string;
  readonly position: string;
  /** Null where there is nothing to count: before phase 1 and after the drop. */
  readonly counts: RowCounts | null;
}

/**
 * Counts what disagrees, puts it on record, and fails when anything does, or when it cannot count.
 *
 * @throws `CUTOVER_MISMATCH`, `CUTOVER_UNMEASURED`
 */
export async function monitorCutover(context: Context, cutover: ColumnCutover): Promise<CutoverMonitored> {
  const { engine, clock } = context;
  const { dialect } = engine;
  const stored = await storedCutover(engine, dialect, cutover);
  const about = { cutover: cutover.name, position: positionText(stored) };
  if (stored.state !== "entered" || stored.phase === 0) return { ...about, counts: null };
  const record = (outcome: string, data: object) =>
    engine.transaction((tx) =>
      addEvidence(tx, dialect, {
        ...{ cutover: cutover.name, kind: "monitor", phase: stored.phase, outcome },
        ...{ at: clock.now().toISOString(), operator: null, data },
      }),
    );
  let counts: RowCounts;
  try {
    counts = await rowCounts(engine, cutover, stored);
  } catch (error) {
    await record("unmeasured", { why: whyFailed(error) });
    throw error;
  }
  const recent = await newestEvidence(engine, dialect, { cutover: cutover.name, limit: 100 });
  const before = recent.find(
    (each) =>
      (each.kind === "monitor" || each.kind === "advance" || each.kind === "retreat") &&
      Date.parse(each.at) >= Date.parse(stored.since!) &&
      countsOf(each) !== undefined,
  );
  const problems = monitorProblems(stored.phase, counts, before && countsOf(before));
  await record(Object.keys(problems).length === 0 ? "clean" : "failed", { counts, problems });
  if (Object.keys(problems).length > 0) throw mismatch(cutover, problems);
  return { ...about, counts };
}

function mismatch(cutover: ColumnCutover, problems: MonitorProblems): RunbackError {
  const words: Record<string, string> = {
    mismatched: "whose code is not the legacy value's",
    unset: "without a code",
    nullRows: "without a code",
    quarantined: "with a legacy value that no code lists",
    invalid: "with a code that is none",
    legacyOnly: "written in the legacy column alone",
  };
  const found = Object.entries(problems).map(([name, rows]) => `${rows} ${words[name] ?? name}`);
  return new RunbackError("CUTOVER_MISMATCH", `Rows of ${cutover.name}: ${found.join(", ")}.`, {
    recovery: `The gate is closed until they agree. See \`runback cutover show ${cutover.name}\`; take the phase back with \`runback cutover retreat ${cutover.name}\`.`,
    exit: 1,
    status: 409,
    details: { problems, reasons: Object.entries(problems).map(([name, rows]) => `${name} ${rows}`) },
  });
}
