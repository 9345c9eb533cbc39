import type { Connection, Dialect, TableRef } from "@runback/core";

/** The actions that a migration must leave in its trail (docs/audit.md), plus the steps between them. */
export type AuditAction =
  | "migration:started"
  | "migration:step"
  | "migration:completed"
  | "migration:failed"
  | "migration:rollback:started"
  | "migration:rollback:step"
  | "migration:rollback:level1"
  | "migration:rollback:level2"
  | "migration:snapshot:created"
  | "migration:snapshot:verified"
  | "migration:snapshot:copied"
  | "migration:freeze:on"
  | "migration:freeze:off"
  | "migration:mapping:corrected"
  | "migration:cutover:advanced"
  | "migration:cutover:retreated"
  | "migration:cutover:compared"
  | "migration:approval"
  | "migration:verified"
  | "attendance:triggers:on"
  | "attendance:triggers:off"
  | "attendance:audit:baseline"
  | "attendance:audit:exported"
  | "attendance:removed"
  | "token:created"
  | "token:revoked";

/** Appends one entry. Comes last in a transaction: the chain's head stays locked until it commits. */
export async function appendAudit(
  tx: Connection,
  dialect: Dialect,
  table: TableRef,
  action: AuditAction,
  metadata: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tx.query(`INSERT INTO ${dialect.table(table)} (action, metadata) VALUES ($1, ${dialect.cast("$2", "json")})`, [
    action,
    JSON.stringify(metadata),
  ]);
}
