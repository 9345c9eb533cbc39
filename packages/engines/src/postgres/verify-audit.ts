import { type AuditVerification, auditRelation, type Connection, type TableRef } from "@runback/core";
import { auditVerification, type ChainReading, type FoundProblem, noAuditTable } from "../shared/audit-verification.ts";
import { emptyChain } from "../shared/empty-chain.ts";
import { auditGaps } from "./audit-gaps.ts";
import { table as tableName } from "./dialect.ts";
import { useExactText } from "./session.ts";

/**
 * The text of an entry that its hash covers: the columns the table had when it was protected. Written out here, and not
 * through `runback.entry_sha256`: whoever can rewrite entries could have rewritten that function too.
 */
export const hashedText =
  "(SELECT jsonb_object_agg(_name, to_jsonb(_entry) -> _name) FROM unnest(_head.columns) AS _name)::text";

const hash = (text: string) => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;

/**
 * Recomputes the chain of an audit table in one statement: every link, every entry's hash, entries without a link, links
 * without an entry, and the head. Needs a snapshot transaction.
 *
 * @param limit problems listed at most; all are counted
 */
export async function verifyAudit(tx: Connection, table: TableRef, limit: number): Promise<AuditVerification> {
  await tx.query(useExactText);
  const relation = auditRelation(table);
  const there = await tx.query("SELECT WHERE to_regclass($1) IS NOT NULL", [tableName(table)]);
  if (there.count === 0) return noAuditTable;
  const state = await chainState(tx, table, relation);
  const found = await tx.query<FoundProblem>(problemsSql(table), [relation, limit]);
  return auditVerification({ ...state, gaps: await auditGaps(tx, table), found: found.rows }, limit);
}

async function chainState(
  tx: Connection,
  table: TableRef,
  relation: string,
): Promise<Omit<ChainReading, "gaps" | "found">> {
  const { rows } = await tx.query<{
    entries: string;
    head_seq: string | null;
    head_sha256: string | null;
    last_seq: string | null;
    last_sha256: string | null;
  }>(
    `SELECT (SELECT count(*) FROM ${tableName(table)})::text AS entries,
       _h.seq::text AS head_seq, _h.sha256 AS head_sha256, _l.seq::text AS last_seq, _l.sha256 AS last_sha256
     FROM (SELECT $1::text AS relation) _asked
     LEFT JOIN runback.audit_heads _h ON _h.relation = _asked.relation
     LEFT JOIN LATERAL (SELECT seq, sha256 FROM runback.audit_chain _c WHERE _c.relation = _asked.relation
       ORDER BY seq DESC LIMIT 1) _l ON true`,
    [relation],
  );
  const row = rows[0]!;
  const head = (seq: string | null, sha256: string | null) =>
    seq === null || sha256 === null ? null : { seq: Number(seq), sha256 };
  return {
    entries: Number(row.entries),
    recorded: head(row.head_seq, row.head_sha256),
    last: head(row.last_seq, row.last_sha256),
  };
}

/** Links and entries are joined once; the window functions see the chain in its order. */
function problemsSql(table: TableRef): string {
  return `
WITH _entries AS (
  SELECT to_jsonb(_entry) ->> 'id' AS id, ${hash(hashedText)} AS row_sha256
  FROM ${tableName(table)} _entry CROSS JOIN (
    SELECT columns FROM runback.audit_heads WHERE relation = $1
    UNION ALL SELECT ARRAY[]::text[] WHERE NOT EXISTS (SELECT FROM runback.audit_heads WHERE relation = $1)) _head
), _links AS (
  SELECT seq, entry, row_sha256, previous, sha256,
    coalesce(lag(seq) OVER _chain, 0) AS before_seq,
    coalesce(lag(sha256) OVER _chain, '${emptyChain}') AS before_sha256,
    row_number() OVER (PARTITION BY entry ORDER BY seq) AS nth
  FROM runback.audit_chain WHERE relation = $1 WINDOW _chain AS (ORDER BY seq)
), _joined AS (
  SELECT l.*, e.id, e.row_sha256 AS now_sha256, coalesce(l.entry, e.id) AS about
  FROM _links l FULL JOIN _entries e ON e.id = l.entry
), _problems AS (
  SELECT 'broken-link' AS kind, about AS entry, seq, CASE
      WHEN seq <> before_seq + 1 THEN format('links %s to %s are missing', before_seq + 1, seq - 1)
      WHEN previous <> before_sha256 THEN 'it does not continue the link before it'
      ELSE 'its hash is not that of the link before it and its entry' END AS detail
  FROM _joined WHERE seq IS NOT NULL
    AND (seq <> before_seq + 1 OR previous <> before_sha256 OR sha256 <> ${hash("previous || row_sha256")})
  UNION ALL
  SELECT 'unchained', about, NULL, 'it was inserted while the triggers were disabled' FROM _joined WHERE seq IS NULL
  UNION ALL
  SELECT 'deleted', about, seq, 'the entry is gone' FROM _joined WHERE seq IS NOT NULL AND id IS NULL
  UNION ALL
  SELECT 'deleted', about, seq, 'the entry was removed and inserted again' FROM _joined WHERE id IS NOT NULL AND nth > 1
  UNION ALL
  SELECT 'changed', about, seq, 'its content is not what was hashed' FROM _joined
  WHERE id IS NOT NULL AND seq IS NOT NULL AND now_sha256 IS DISTINCT FROM row_sha256
)
SELECT kind, entry, seq::text AS seq, detail, (count(*) OVER ())::text AS total
FROM _problems ORDER BY seq NULLS LAST, kind, entry LIMIT $2::int`;
}
