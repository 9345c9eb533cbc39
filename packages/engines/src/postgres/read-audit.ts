import {
  type AuditEntry,
  type AuditPage,
  type AuditRecord,
  auditRelation,
  type Connection,
  type TableRef,
} from "@runback/core";
import { cursorInvalid, readCursor, writeCursor } from "../shared/audit-cursor.ts";
import { literal, table as tableName } from "./dialect.ts";
import { useExactText } from "./session.ts";
import { hashedText } from "./verify-audit.ts";

interface EntryRow {
  id: string;
  action: string | null;
  metadata: Record<string, unknown> | null;
  created_at: string;
  seq: string | null;
  sha256: string | null;
}

/**
 * A page of entries, newest first. Time alone is no order (a transaction may write several entries in one microsecond),
 * so the id decides between equal times, and the cursor carries both.
 */
export async function auditPage(
  tx: Connection,
  table: TableRef,
  { limit, before, run }: AuditPage,
): Promise<{ entries: AuditEntry[]; next: string | null }> {
  await tx.query(useExactText);
  const cursor = before === undefined ? undefined : readCursor(before, isTime);
  // The page is cut first: the chain is then read once for its few entries, not for every entry of the trail.
  const reading = tx.query<EntryRow>(
    `WITH _page AS MATERIALIZED (
       SELECT _entry.id::text COLLATE "C" AS id, _entry."createdAt" AS at, to_jsonb(_entry) AS content FROM ${tableName(table)} _entry
       WHERE ($2::text IS NULL OR (_entry."createdAt", _entry.id::text COLLATE "C") < ($2::timestamptz, $3::text COLLATE "C"))
         AND ($4::text IS NULL OR to_jsonb(_entry) -> 'metadata' ->> 'run_id' = $4
           OR to_jsonb(_entry) -> 'metadata' ->> 'rollback_run_id' = $4)
       ORDER BY _entry."createdAt" DESC, _entry.id::text COLLATE "C" DESC LIMIT $5::int
     )
     SELECT _page.id, content ->> 'action' AS action, content -> 'metadata' AS metadata, content ->> 'createdAt' AS created_at,
       _link.seq::text AS seq, _link.sha256
     FROM _page LEFT JOIN (SELECT DISTINCT ON (entry) entry, seq, sha256 FROM runback.audit_chain
       WHERE relation = $1 AND entry IN (SELECT id FROM _page) ORDER BY entry, seq) _link ON _link.entry = _page.id
     ORDER BY _page.at DESC, _page.id DESC`,
    [auditRelation(table), cursor?.[0] ?? null, cursor?.[1] ?? null, run ?? null, limit + 1],
  );
  const { rows } = await reading.catch((error: unknown) => {
    // Class 22: a value of the cursor that no time or text can have.
    throw cursor !== undefined && String((error as { code?: unknown }).code).startsWith("22") ? cursorInvalid() : error;
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    entries: page.map((row) => ({
      id: row.id,
      action: row.action ?? "",
      metadata: row.metadata ?? {},
      createdAt: row.created_at,
      seq: row.seq === null ? null : Number(row.seq),
      sha256: row.sha256,
    })),
    next: rows.length > limit && last ? writeCursor(last.created_at, last.id) : null,
  };
}

const isTime = (text: string) => /^(-?infinity|\d{4,}-\d\d-\d\dT[\d:.]+[+-][\d:]+( BC)?)$/.test(text);

/** Records fetched at once: 5,000 entries of 1 kB keep an export at some 10 MB, whatever the trail's length. */
const recordsPerFetch = 5_000;

/** Links in chain order with what was hashed, then the entries that are on no chain. Needs a snapshot transaction. */
export async function* auditRecords(tx: Connection, table: TableRef): AsyncIterable<AuditRecord> {
  await tx.query(useExactText);
  const relation = literal(auditRelation(table));
  // A cursor joins once. Reading page by page would hash the whole trail for every page.
  await tx.script(`DECLARE runback_records NO SCROLL CURSOR FOR
    SELECT _link.seq::text AS seq, coalesce(_link.entry, _found.id) AS entry, _link.row_sha256 AS "rowSha256", _link.previous,
      _link.sha256, _found.hashed, _found.later
    FROM (SELECT * FROM runback.audit_chain WHERE relation = ${relation}) _link
    FULL JOIN (
      SELECT to_jsonb(_entry) ->> 'id' AS id, ${hashedText} AS hashed, nullif(to_jsonb(_entry) - _head.columns, '{}')::text AS later
      FROM ${tableName(table)} _entry CROSS JOIN (SELECT columns FROM runback.audit_heads WHERE relation = ${relation}) _head
    ) _found ON _found.id = _link.entry
    ORDER BY _link.seq NULLS LAST, _found.id COLLATE "C"`);
  for (;;) {
    const { rows } = await tx.query<Omit<AuditRecord, "seq"> & { seq: string | null }>(
      `FETCH ${recordsPerFetch} FROM runback_records`,
    );
    for (const row of rows) yield { ...row, seq: row.seq === null ? null : Number(row.seq) };
    if (rows.length < recordsPerFetch) break;
  }
  await tx.script("CLOSE runback_records");
}
