import { qualifiedName, RunbackError, type TableRef } from "@runback/core";
import * as operations from "@runback/operations";
import type { RunbackConfig } from "./config.ts";

/** Runback's own trail: for what belongs to no migration. */
export const ownTrail: TableRef = { schema: "runback", name: "audit" };

/** Where an installation records what belongs to no single migration: tokens, approvals, snapshots, cutovers. */
export function mainTrail({ migrations }: RunbackConfig): TableRef {
  return migrations[0]?.declaration.auditTable ?? ownTrail;
}

/** The trails of an installation: one a migration, or one that several share. */
export function auditTables(config: RunbackConfig): readonly TableRef[] {
  const tables = [mainTrail(config), ...config.migrations.map(({ declaration }) => declaration.auditTable)];
  return tables.filter((table, at) => tables.findIndex((each) => qualifiedName(each) === qualifiedName(table)) === at);
}

export async function verifyAudit(
  context: operations.Context,
  tables: readonly TableRef[],
): Promise<operations.AuditVerifyResult[]> {
  const verified: operations.AuditVerifyResult[] = [];
  for (const table of tables) verified.push(await operations.auditVerify(context, table));
  return verified;
}

/** Verifies every trail, and anchors those that hold. @throws `AUDIT_BROKEN` once all were looked at */
export async function anchorAudit(
  context: operations.Context,
  tables: readonly TableRef[],
): Promise<operations.AnchorResult[]> {
  const broken: string[] = [];
  const anchored: operations.AnchorResult[] = [];
  for (const table of tables) {
    if ((await operations.auditVerify(context, table)).ok) anchored.push(await anchor(context, table));
    else broken.push(qualifiedName(table));
  }
  if (broken.length === 0) return anchored;
  throw new RunbackError("AUDIT_BROKEN", `The audit trail ${broken.join(", ")} does not verify.`, {
    recovery: "Look with `runback audit verify` at which entries were changed or removed. Nothing of it was anchored.",
    exit: 1,
    details: { tables: broken },
  });
}

/** A vault without Object Lock still takes anchors: they protect against the target's owner, not against the vault's. */
async function anchor(context: operations.Context, table: TableRef): Promise<operations.AnchorResult> {
  try {
    return await operations.auditAnchor(context, table);
  } catch (error) {
    if (!(error instanceof RunbackError) || error.code !== "VAULT_LOCK_UNSUPPORTED") throw error;
    context.logger.log("warn", "audit.anchor", { code: error.code, message: "anchored without a lock" });
    return await operations.auditAnchor(context, table, null);
  }
}

/** @throws `RETENTION_INCOMPLETE` when something that has outlived its retention could not be deleted */
export async function sweepRetention(context: operations.Context): Promise<operations.SweepResult> {
  const swept = await operations.retentionSweep(context, { dryRun: false });
  if (!swept.failed) return swept;
  throw new RunbackError(
    "RETENTION_INCOMPLETE",
    `${swept.errors.length} thing(s) past their retention are still there.`,
    {
      recovery: "The rest was deleted. The log lines `retention.failed` name each; the next sweep tries again.",
      exit: 1,
      details: { errors: swept.errors.slice(0, 100) },
    },
  );
}
