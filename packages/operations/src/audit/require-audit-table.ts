import { qualifiedName, RunbackError, sameTable, type TableRef } from "@runback/core";
import type { Context } from "../context.ts";

/** What follows goes on record there, so it has to be there, and protected. @throws `AUDIT_TABLE_MISSING` */
export async function requireAuditTable(
  { engine }: Pick<Context, "engine">,
  auditTable: TableRef,
  instead = "",
): Promise<void> {
  const catalog = await engine.catalog();
  if (auditTable.schema !== "runback" && !catalog.tables.some((table) => sameTable(table, auditTable))) {
    throw new RunbackError(
      "AUDIT_TABLE_MISSING",
      `The audit table ${qualifiedName(auditTable)} is not on this target.`,
      { recovery: `Nothing was changed. Run \`runback init\` first${instead}.` },
    );
  }
  await engine.transaction(async (tx) => {
    await engine.lockInit(tx);
    await engine.protectAudit(tx, auditTable);
  });
}
