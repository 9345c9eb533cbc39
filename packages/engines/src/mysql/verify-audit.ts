import {
  type AuditHead,
  type AuditProblem,
  type AuditVerification,
  auditRelation,
  type Column,
  type Connection,
  type TableRef,
} from "@runback/core";
import { auditShape, emptyChain, entryKey, hashedText, physicalName } from "./audit-entry.ts";
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
  if (there.count === 0) return alone("truncated", "the audit table is not there");
  const shape = await auditShape(tx, table);
  const state = await chainState(tx, table, relation);
  const found = await tx.query<Found>(problemsSql(table, shape?.columns ?? [], Math.trunc(limit)), [relation]);
  const gaps = (await auditGaps(tx, table)).map((gap) => problem("unchained", null, null, gap));
  const about = [...gaps, ...headProblems(state)];
  const listed = found.rows.map((row) => problem(row.kind, row.entry, row.seq, row.detail));
  return {
    entries: Number(state.entries),
    head: state.last,
    problems: [...about, ...listed].slice(0, limit),
    problemCount: about.length + Number(found.rows[0]?.total ?? 0),
  };
}

interface Found {
  kind: AuditProblem["kind"];
  entry: string | null;
  seq: string | null;
  detail: string;
  total: string;
}

interface ChainState {
  readonly entries: string;
  /** What the head row says; null when it is gone. */
  readonly recorded: AuditHead | null;
  /** The last link; null when there is none. */
  readonly last: AuditHead | null;
}

async function chainState(tx: Connection, table: TableRef, relation: string): Promise<ChainState> {
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
  return { entries: entries.rows[0]!.n, recorded: read(head.rows[0]), last: read(last.rows[0]) };
}

function headProblems({ recorded, last }: ChainState): AuditProblem[] {
  const end = last ?? { seq: 0, sha256: emptyChain };
  if (recorded === null)
    return [
      problem("truncated", null, null, "the chain has no head: it was removed, or the table was never protected"),
    ];
  if (end.seq < recorded.seq) {
    return [problem("truncated", null, String(end.seq), `the chain ends at ${end.seq}, its head says ${recorded.seq}`)];
  }
  if (end.seq === recorded.seq && end.sha256 === recorded.sha256) return [];
  return [
    problem("broken-link", null, String(end.seq), `the head (${recorded.seq}) is not the last link (${end.seq})`),
  ];
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

function problem(kind: AuditProblem["kind"], entry: string | null, seq: string | null, detail: string): AuditProblem {
  return { kind, entry, seq: seq === null ? null : Number(seq), detail };
}

function alone(kind: AuditProblem["kind"], detail: string): AuditVerification {
  return { entries: 0, head: null, problems: [problem(kind, null, null, detail)], problemCount: 1 };
}
