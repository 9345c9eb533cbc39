import type { ColumnCutover } from "@runback/core";
import { advanceCutover, type Context, cutoverGate, runBackfill } from "@runback/operations";
import { attendanceTable } from "../../cutover/attendance-table.ts";
import type { auditTable } from "../../operations/support.ts";
import type { EngineName } from "../../support/engines.ts";

export interface Site extends AsyncDisposable {
  readonly context: Context;
  readonly cutover: ColumnCutover;
  readonly about: { readonly operator: string; readonly auditTable: typeof auditTable };
  /** Who knows the new column only writes a row. */
  write(id: number, code: string): Promise<unknown>;
  /** Key, legacy value and code of each row. */
  rows(): Promise<unknown[][]>;
}

/** Runbook 1's cutover with a bridge, two rows, in phase 3; its gate to phase 4 is open. */
export async function inPhase3(name: EngineName): Promise<Site> {
  const table = await attendanceTable(name, { dualWrite: "bridge" });
  const { context, cutover } = table;
  await table.legacy({ 1: "present", 2: "Reg" });
  for (const phase of [0, 1, 2, 3, 4]) {
    table.later(3);
    await table.snapshot();
    if (phase === 2) await table.write(1, { status: "attended" });
    if (phase === 3) await runBackfill(context, { ...table.about, cutover, runbookCompat: false });
    if (phase >= 2) await table.monitored();
    if (phase < 4) await advanceCutover(context, cutover, { ...table.about, to: String(phase) });
  }
  await cutoverGate(context, cutover, { operator: "ana", guardReport: table.guardReport() });
  return {
    ...{ context, cutover, about: table.about, rows: table.rows },
    write: (id, code) => table.write(id, { status_v2: code }),
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  };
}
