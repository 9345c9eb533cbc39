import { type AuditPort, auditRelation } from "@runback/core";
import { auditGaps } from "./audit-gaps.ts";
import { auditPage, auditRecords } from "./read-audit.ts";
import { auditRef } from "./seal-audit.ts";
import { verifyAudit } from "./verify-audit.ts";

export const audit: AuditPort = {
  tables: async (connection) => {
    const found = await connection.query<{ relation: string }>("SELECT relation FROM runback_audit_heads ORDER BY 1");
    return found.rows.map(({ relation }) => auditRef(relation));
  },
  protectionGaps: auditGaps,
  verify: verifyAudit,
  linksAt: async (connection, table, seqs) => {
    const found = await connection.query<{ seq: number; sha256: string }>(
      "SELECT seq, sha256 FROM runback_audit_chain WHERE relation = $1 AND seq IN (SELECT value FROM json_each($2))",
      [auditRelation(table), JSON.stringify(seqs)],
    );
    return new Map(found.rows.map((row) => [row.seq, row.sha256]));
  },
  page: auditPage,
  records: auditRecords,
};
