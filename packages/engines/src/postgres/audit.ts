import { type AuditPort, auditRelation, type TableRef } from "@runback/core";
import { auditGaps } from "./audit-gaps.ts";
import { auditPage, auditRecords } from "./read-audit.ts";
import { verifyAudit } from "./verify-audit.ts";

export const audit: AuditPort = {
  tables: async (connection) => {
    const found = await connection.query<TableRef>(
      `SELECT DISTINCT n.nspname::text AS schema, c.relname::text AS name
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE t.tgname IN ('runback_refuse', 'runback_chain') AND c.oid <> to_regclass('runback.audit_chain')
       ORDER BY 1, 2`,
    );
    return found.rows;
  },
  protectionGaps: auditGaps,
  verify: verifyAudit,
  linksAt: async (connection, table, seqs) => {
    const found = await connection.query<{ seq: string; sha256: string }>(
      `SELECT seq::text AS seq, sha256 FROM runback.audit_chain
       WHERE relation = $1 AND seq IN (SELECT value::bigint FROM jsonb_array_elements_text($2::jsonb))`,
      [auditRelation(table), JSON.stringify(seqs)],
    );
    return new Map(found.rows.map((row) => [Number(row.seq), row.sha256]));
  },
  page: auditPage,
  records: auditRecords,
};
