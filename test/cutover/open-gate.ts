import { type ColumnCutover, mappingCase } from "@runback/core";
import { createSnapshot, cutoverGate, monitorCutover, runBackfill } from "@runback/operations";
import { addProof } from "../../packages/operations/src/snapshot/proofs.ts";
import type { FaultSite } from "../faults/fault-site.ts";
import { commit } from "./attendance-table.ts";

const about = { operator: "next", auditTable: { schema: "runback", name: "audit" } };

/** Makes true what the gate to a phase asks for. */
export async function openGate(
  { engine, context, later }: FaultSite,
  cutover: ColumnCutover,
  phase: number,
  writer: { paused(): Promise<() => void> },
): Promise<void> {
  later(3);
  // After it everybody has seen the flags as they are.
  (await writer.paused())();
  const { snapshotId } = await createSnapshot(context, about);
  // Snapshots restore in their own suites; a gate reads that they did.
  await addProof(context.vault, snapshotId, context.clock.now(), {});
  if (phase === 2) await bringInLine(engine, cutover);
  if (phase === 3) await runBackfill(context, { ...about, cutover, runbookCompat: false });
  if (phase >= 2) for (let run = 0; run < 2; run++) await monitorCutover(context, cutover);
  if (phase >= 4)
    await cutoverGate(context, cutover, {
      operator: "next",
      guardReport: {
        checkedAt: context.clock.now().toISOString(),
        revision: { commit, dirty: false },
        cutovers: [{ name: cutover.name, table: "event_attendance", column: "status", phase: 4 }],
        ...{ passed: true, files: 12, sourceSha256: "0".repeat(64) },
      },
    });
}

/** Codes of an earlier time that the column was written are brought in line by whoever operates this. */
async function bringInLine(engine: FaultSite["engine"], cutover: ColumnCutover): Promise<void> {
  await engine.query(`UPDATE event_attendance SET status_v2 = ${mappingCase(cutover, engine.dialect)}`);
}
