import { type AuditHead, type AuditVerification, auditRelation, type Connection, type TableRef } from "@runback/core";
import { auditVerification, type FoundProblem, noAuditTable } from "../shared/audit-verification.ts";
import { emptyChain } from "../shared/empty-chain.ts";
import { auditGaps } from "./audit-gaps.ts";
import { table as tableName } from "./dialect.ts";
import { hashedText } from "./seal-audit.ts";

/**
 * Recomputes the chain of an audit table in one statement: every link, every entry's hash, entries without a link, links
 * without an entry, and the head. Entries that another program appended, and that nobody of Runback's has chained yet,
 * are neither.
 *
 * @param limit problems listed at most; all are counted
 */
export async function verifyAudit(tx: Connection, table: TableRef, limit: number): Promise<AuditVerification> {
  const relation = auditRelation(table);
  const there = await tx.query("SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND lower(name) = lower($1)", [
    table.schema === "runback" ? `runback_${table.name}` : table.name,
  ]);
  if (there.count === 0) return noAuditTable;
  const { rows } = await tx.query<State>(
    `SELECT (SELECT count(*) FROM ${tableName(table)}) AS entries, h.columns, h.seq AS head_seq, h.sha256 AS head_sha256, l.seq AS last_seq, l.sha256 AS last_sha256
     FROM (SELECT 1) LEFT JOIN runback_audit_heads h ON h.relation = $1
     LEFT JOIN (SELECT seq, sha256 FROM runback_audit_chain WHERE relation = $1 ORDER BY seq DESC LIMIT 1) l`,
    [relation],
  );
  const state = rows[0]!;
  const columns = JSON.parse(state.columns ?? "[]") as string[];
  const found = await tx.query<FoundProblem>(problemsSql(table, columns), [relation, limit]);
  const reading = {
    entries: state.entries,
    recorded: headOf(state.head_seq, state.head_sha256),
    last: headOf(state.last_seq, state.last_sha256),
    gaps: await auditGaps(tx, table),
    found: found.rows,
  };
  return auditVerification(reading, limit);
}

interface State {
  entries: number;
  columns: string | null;
  head_seq: number | null;
  head_sha256: string | null;
  last_seq: number | null;
  last_sha256: string | null;
}

function headOf(seq: number | null, sha256: string | null): AuditHead | null {
  return seq === null || sha256 === null ? null : { seq, sha256 };
}

function problemsSql(table: TableRef, columns: readonly string[]): string {
  return `
WITH entries AS (
  SELECT CAST(e.id AS TEXT) AS id, runback_sha256(${hashedText("e", columns)}) AS row_sha256 FROM ${tableName(table)} e
), links AS (
  SELECT seq, entry, row_sha256, previous, sha256,
    coalesce(lag(seq) OVER chain, 0) AS before_seq,
    coalesce(lag(sha256) OVER chain, '${emptyChain}') AS before_sha256,
    row_number() OVER (PARTITION BY entry ORDER BY seq) AS nth
  FROM runback_audit_chain WHERE relation = $1 WINDOW chain AS (ORDER BY seq)
), joined AS (
  SELECT l.*, e.id, e.row_sha256 AS now_sha256, coalesce(l.entry, e.id) AS about
  FROM links l FULL JOIN entries e ON e.id = l.entry
), problems AS (
  SELECT 'broken-link' AS kind, about AS entry, seq, CASE
      WHEN seq <> before_seq + 1 THEN concat('links ', before_seq + 1, ' to ', seq - 1, ' are missing')
      WHEN previous <> before_sha256 THEN 'it does not continue the link before it'
      ELSE 'its hash is not that of the link before it and its entry' END AS detail
  FROM joined WHERE seq IS NOT NULL
    AND (seq <> before_seq + 1 OR previous <> before_sha256 OR sha256 <> runback_sha256(previous || row_sha256))
  UNION ALL
  SELECT 'unchained', about, NULL, 'it was inserted while the triggers were not there' FROM joined WHERE seq IS NULL
    AND about NOT IN (SELECT entry FROM runback_audit_pending WHERE relation = $1)
  UNION ALL
  SELECT 'deleted', entry, NULL, 'the entry is gone' FROM runback_audit_pending
  WHERE relation = $1 AND entry NOT IN (SELECT id FROM entries)
  UNION ALL
  SELECT 'deleted', about, seq, 'the entry is gone' FROM joined WHERE seq IS NOT NULL AND id IS NULL
  UNION ALL
  SELECT 'deleted', about, seq, 'the entry was removed and inserted again' FROM joined WHERE id IS NOT NULL AND nth > 1
  UNION ALL
  SELECT 'changed', about, seq, 'its content is not what was hashed' FROM joined
  WHERE id IS NOT NULL AND seq IS NOT NULL AND now_sha256 IS NOT row_sha256
)
SELECT kind, entry, seq, detail, count(*) OVER () AS total FROM problems ORDER BY seq NULLS LAST, kind, entry LIMIT $2`;
}
