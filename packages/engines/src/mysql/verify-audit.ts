import { type AuditVerification, auditRelation, type Column, type Connection, type TableRef } from "@runback/core";
import { auditVerification, type ChainReading, type FoundProblem, noAuditTable } from "../shared/audit-verification.ts";
import { emptyChain } from "../shared/empty-chain.ts";
import { auditShape, entryKey, hashedText, physicalName } from "./audit-entry.ts";
import { auditGaps } from "./audit-gaps.ts";
import { table as tableName } from "./dialect.ts";

/**
 * Recomputes the chain of an audit table: every link, every entry's hash, entries without a link, links without an
 * entry, and the head. Needs a snapshot transaction.
 *
 * @param limit problems listed at most; all are counted
 */
export async function verifyAudit(tx: Connection, table: TableRef, limit: number): Promise<AuditVerification> {
  const relation = auditRelation(table);
  const there = await tx.query(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = $1",
    [physicalName(table)],
  );
  if (there.count === 0) return noAuditTable;
  const shape = await auditShape(tx, table);
  const state = await chainState(tx, table, relation);
  const found = await tx.query<FoundProblem>(problemsSql(table, shape?.columns ?? [], Math.trunc(limit)), [relation]);
  return auditVerification({ ...state, gaps: await auditGaps(tx, table), found: found.rows }, limit);
}

async function chainState(
  tx: Connection,
  table: TableRef,
  relation: string,
): Promise<Omit<ChainReading, "gaps" | "found">> {
  const entries = await tx.query<{ n: string }>(`SELECT count(*) AS n FROM ${tableName(table)}`);
  const head = await tx.query<{ seq: string; sha256: string }>(
    "SELECT seq, sha256 FROM runback_audit_heads WHERE relation = $1",
    [relation],
  );
  const last = await tx.query<{ seq: string; sha256: string }>(
    "SELECT seq, sha256 FROM runback_audit_chain WHERE relation = $1 ORDER BY seq DESC LIMIT 1",
    [relation],
  );
  const read = (row: { seq: string; sha256: string } | undefined) =>
    row === undefined ? null : { seq: Number(row.seq), sha256: row.sha256 };
  return { entries: Number(entries.rows[0]!.n), recorded: read(head.rows[0]), last: read(last.rows[0]) };
}

/** The window functions see the chain in its order; entries and links are joined by the entry's id, through an index either way. */
function problemsSql(table: TableRef, columns: readonly Column[], limit: number): string {
  const entries = `${tableName(table)} e`;
  const links = `(SELECT seq, entry, row_sha256, row_number() OVER (PARTITION BY entry ORDER BY seq) AS nth
    FROM runback_audit_chain WHERE relation = $1) l`;
  const joined = `e.id = ${entryKey("l.entry", columns)}`;
  return `
SELECT kind, entry, seq, detail, count(*) OVER () AS total FROM (
  SELECT 'broken-link' AS kind, entry, seq, CASE
      WHEN seq <> before_seq + 1 THEN concat('links ', before_seq + 1, ' to ', seq - 1, ' are missing')
      WHEN previous <> before_sha256 THEN 'it does not continue the link before it'
      ELSE 'its hash is not that of the link before it and its entry' END AS detail
  FROM (
    SELECT seq, entry, row_sha256, previous, sha256, coalesce(lag(seq) OVER (ORDER BY seq), 0) AS before_seq,
      coalesce(lag(sha256) OVER (ORDER BY seq), '${emptyChain}') AS before_sha256
    FROM runback_audit_chain WHERE relation = $1
  ) c WHERE seq <> before_seq + 1 OR previous <> before_sha256 OR sha256 <> sha2(concat(previous, row_sha256), 256)
  UNION ALL
  SELECT 'unchained', CAST(e.id AS char), NULL, 'it was inserted while the triggers were disabled'
  FROM ${entries} WHERE NOT EXISTS (SELECT 1 FROM runback_audit_chain c WHERE c.relation = $1 AND c.entry = CAST(e.id AS char))
  UNION ALL
  SELECT 'deleted', l.entry, l.seq, 'the entry is gone' FROM ${links} LEFT JOIN ${entries} ON ${joined} WHERE e.id IS NULL
  UNION ALL
  SELECT 'deleted', l.entry, l.seq, 'the entry was removed and inserted again' FROM ${links} JOIN ${entries} ON ${joined} WHERE l.nth > 1
  UNION ALL
  SELECT 'changed', l.entry, l.seq, 'its content is not what was hashed' FROM ${links} JOIN ${entries} ON ${joined}
  WHERE NOT (l.row_sha256 <=> sha2(${columns.length === 0 ? "'{}'" : hashedText("e", columns)}, 256))
) p ORDER BY seq IS NULL, seq, kind, entry LIMIT ${limit}`;
}
