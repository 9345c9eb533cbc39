import { type ColumnCutover, RunbackError } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import { requireAuditTable } from "../audit/require-audit-table.ts";
import type { Context } from "../context.ts";
import { createRunId } from "../random-id.ts";
import { holdLease } from "../run/lease-guard.ts";
import { addEvidence } from "./evidence.ts";
import { type MoveOptions, underLease } from "./move.ts";
import { positionText } from "./positions.ts";
import { type CutoverShown, showCutover } from "./show.ts";
import { saveCutover, storedCutover } from "./stored-cutover.ts";

/**
 * Says whether applications read and compare both columns in phases 2 and 3: with it the stage is `shadow` and `live`,
 * without it `dualwrite` and `rampdown`. It stays as it was said when phases change.
 *
 * @throws `CUTOVER_NOT_BEGUN` before the cutover is begun and after the drop, `LEASE_HELD`
 */
export async function compareColumns(
  context: Context,
  cutover: ColumnCutover,
  options: MoveOptions & { readonly comparing: boolean },
): Promise<CutoverShown> {
  const { engine, clock } = context;
  const { operator, comparing, auditTable } = options;
  await engine.init();
  await requireAuditTable(context, auditTable);
  await underLease(context, cutover, createRunId(context), (lease) =>
    engine.transaction(async (tx) => {
      await holdLease(context, tx, lease);
      const stored = await storedCutover(tx, engine.dialect, cutover);
      if (stored.state !== "entered")
        throw new RunbackError(
          "CUTOVER_NOT_BEGUN",
          `Nothing of ${cutover.name} is compared: it is ${positionText(stored)}.`,
          {
            recovery: "Nothing was changed. Both columns are compared in phases 2 and 3.",
            status: 409,
          },
        );
      if (stored.comparing === comparing) return;
      const at = clock.now().toISOString();
      await saveCutover(tx, engine.dialect, { ...stored, comparing }, { operator, at });
      const outcome = comparing ? "on" : "off";
      await addEvidence(tx, engine.dialect, {
        ...{ cutover: cutover.name, kind: "compare", phase: stored.phase, outcome, at, operator, data: {} },
      });
      await appendAudit(tx, engine.dialect, auditTable, "migration:cutover:compared", {
        ...{ cutover: cutover.name, comparing, operator },
      });
    }),
  );
  return await showCutover(context, cutover);
}
