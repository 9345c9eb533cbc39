import { type ColumnCutover, type Connection, type Lease, RunbackError, type TableRef } from "@runback/core";
import { type AuditAction, appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { heartbeat } from "../run/heartbeat.ts";
import { holdLease, releaseLease, takeLease } from "../run/lease-guard.ts";
import { addEvidence, type Evidence } from "./evidence.ts";
import { type Position, positionName } from "./positions.ts";
import { type StoredCutover, saveCutover, shapeOf, storedCutover } from "./stored-cutover.ts";

export interface MoveOptions {
  readonly operator: string;
  readonly auditTable: TableRef;
}

/** The one lease of a cutover: its moves, its backfill and their rollbacks come one after the other. */
export const cutoverLease = (cutover: Pick<ColumnCutover, "name">) => `migration:${cutover.name}`;

/** Work under the cutover's lease. @param runId whose lease it is */
export async function underLease<T>(
  context: Context,
  cutover: ColumnCutover,
  runId: string,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  const lease = await takeLease(context, cutoverLease(cutover), runId);
  const beating = heartbeat(context, lease);
  try {
    return await Promise.race([work(lease), beating.lost]);
  } finally {
    beating.stop();
    await releaseLease(context, lease).catch(() => {});
  }
}

/** Notes that a move begins, before anything is changed: a crash in its middle can then be told, and gone on with or taken back. */
export async function beginMove(
  context: Context,
  lease: Lease,
  stored: StoredCutover,
  moving: string,
  operator: string,
): Promise<StoredCutover> {
  const { engine, clock } = context;
  const begun = { ...stored, moving };
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await saveCutover(tx, engine.dialect, begun, { operator, at: clock.now().toISOString() });
  });
  return begun;
}

/** Notes that everything of a move is made, what follows its record too. */
export async function endMove(
  context: Context,
  lease: Lease,
  cutover: ColumnCutover,
  operator: string,
): Promise<StoredCutover> {
  const { engine, clock } = context;
  return await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    const ended = { ...(await storedCutover(tx, engine.dialect, cutover)), moving: null };
    await saveCutover(tx, engine.dialect, ended, { operator, at: clock.now().toISOString() });
    return ended;
  });
}

/** Puts a finished move on record: where the cutover is now, the evidence, the audit entry. */
export async function recordMove(
  context: Context,
  tx: Connection,
  lease: Lease,
  move: {
    readonly from: StoredCutover;
    readonly to: Omit<StoredCutover, "since">;
    readonly kind: Extract<Evidence["kind"], "advance" | "retreat">;
    readonly data: object;
  } & MoveOptions,
): Promise<StoredCutover> {
  const { engine, clock } = context;
  const { from, to, kind, operator, auditTable, data } = move;
  const at = clock.now().toISOString();
  const reached = { ...to, since: at };
  await holdLease(context, tx, lease);
  await saveCutover(tx, engine.dialect, reached, { operator, at });
  const way = { from: positionName(from), to: positionName(to) };
  await addEvidence(tx, engine.dialect, {
    ...{ cutover: to.name, kind, phase: to.phase, outcome: "done", at, operator },
    data: { ...way, ...data },
  });
  const action: AuditAction = kind === "advance" ? "migration:cutover:advanced" : "migration:cutover:retreated";
  await appendAudit(tx, engine.dialect, auditTable, action, { cutover: to.name, ...way, operator });
  return reached;
}

/** @throws `CUTOVER_CHANGED` when the schema was built from another definition */
export function assertShape(cutover: ColumnCutover, stored: StoredCutover): void {
  if (stored.state === "planned" || stored.shapeSha256 === shapeOf(cutover)) return;
  throw new RunbackError(
    "CUTOVER_CHANGED",
    `The definition of ${cutover.name} has another table, columns, codes or writer of both than the one it was begun with.`,
    {
      recovery: "Nothing was changed. Put the definition back as it was, or give the new one a name of its own.",
      status: 409,
    },
  );
}

/** The position in words that a caller may ask for: `planned`, `0` to `5`, `dropped`. */
export const isAt = (stored: Position, wanted: string) => positionName(stored) === wanted;
