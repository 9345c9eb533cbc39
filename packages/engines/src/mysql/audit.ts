import { type AuditPort, auditRelation, type TableRef } from "@runback/core";
import { auditGaps } from "./audit-gaps.ts";
import { auditPage, auditRecords } from "./read-audit.ts";
import { verifyAudit } from "./verify-audit.ts";

export const audit: AuditPort = {
  tables: async (connection) => {
    const { rows } = await connection.query<{ relation: string }>(
      "SELECT relation FROM runback_audit_heads ORDER BY relation",
    );
    return rows.map(({ relation }): TableRef => {
      const dot = relation.indexOf(".");
      return { schema: relation.slice(0, dot), name: relation.slice(dot + 1) };
    });
  },
  protectionGaps: auditGaps,
  verify: verifyAudit,
  linksAt: async (connection, table, seqs) => {
    if (seqs.length === 0) return new Map();
    const { rows } = await connection.query<{ seq: string; sha256: string }>(
      `SELECT seq, sha256 FROM runback_audit_chain
       WHERE relation = $1 AND seq IN (${seqs.map((_, at) => `$${at + 2}`).join(", ")})`,
      [auditRelation(table), ...seqs],
    );
    return new Map(rows.map((row) => [Number(row.seq), row.sha256]));
  },
  page: auditPage,
  records: auditRecords,
};
