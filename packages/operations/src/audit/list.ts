import { type AuditEntry, type AuditPage, RunbackError, type TableRef } from "@runback/core";
import type { Context } from "../context.ts";

export const maxAuditPage = 1_000;

/**
 * A page of the trail, newest first. The cursor stays right while entries are added, and between equal times.
 *
 * @throws `LIMIT_INVALID` outside 1 to 1,000, `CURSOR_INVALID`
 */
export async function auditList(
  { engine }: Pick<Context, "engine">,
  auditTable: TableRef,
  page: AuditPage,
): Promise<{ entries: AuditEntry[]; next: string | null }> {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > maxAuditPage) {
    throw new RunbackError("LIMIT_INVALID", `A page has 1 to ${maxAuditPage} entries.`, {
      recovery: "Ask for fewer, and follow the cursor.",
    });
  }
  return await engine.transaction((tx) => engine.audit.page(tx, auditTable, page), { readOnly: true });
}
