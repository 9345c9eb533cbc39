import {
  type AuditEntry,
  type AuditPage,
  type AuditRecord,
  auditRelation,
  type Connection,
  type TableRef,
} from "@runback/core";
import { readCursor, writeCursor } from "../shared/audit-cursor.ts";
import { id, literal, table as tableName } from "./dialect.ts";
import { hashedText } from "./seal-audit.ts";

interface EntryRow {
  id: string;
  action: string | null;
  metadata: string | null;
  created_at: string;
  seq: number | null;
  sha256: string | null;
}

/** A page of entries, newest first; the id decides between equal times, and the cursor carries both. */
export async function auditPage(
  tx: Connection,
  table: TableRef,
  { limit, before, run }: AuditPage,
): Promise<{ entries: AuditEntry[]; next: string | null }> {
  const cursor = before === undefined ? undefined : readCursor(before, isTime);
  const { rows } = await tx.query<EntryRow>(
    `WITH page AS MATERIALIZED (
       SELECT CAST(e.id AS TEXT) AS id, e.action, e.metadata, e."createdAt" AS created_at FROM ${tableName(table)} e
       WHERE ($2 IS NULL OR (e."createdAt", CAST(e.id AS TEXT)) < ($2, $3))
         AND ($4 IS NULL OR e.metadata ->> '$.run_id' = $4 OR e.metadata ->> '$.rollback_run_id' = $4)
       ORDER BY e."createdAt" DESC, CAST(e.id AS TEXT) DESC LIMIT $5
     )
     SELECT page.*, min(c.seq) AS seq, c.sha256 FROM page
     LEFT JOIN runback_audit_chain c ON c.relation = $1 AND c.entry = page.id
     GROUP BY page.id ORDER BY page.created_at DESC, page.id DESC`,
    [auditRelation(table), cursor?.[0] ?? null, cursor?.[1] ?? null, run ?? null, limit + 1],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    entries: page.map((row) => ({
      id: row.id,
      action: row.action ?? "",
      metadata: JSON.parse(row.metadata ?? "{}") as Record<string, unknown>,
      createdAt: row.created_at,
      seq: row.seq,
      sha256: row.sha256,
    })),
    next: rows.length > limit && last ? writeCursor(last.created_at, last.id) : null,
  };
}

const isTime = (text: string) => /^\d{4}-\d\d-\d\d[T ][\d:.]+Z?$/.test(text);

/** Records fetched at once: 5,000 entries of 1 kB keep an export at some 10 MB, whatever the trail's length. */
const recordsPerFetch = 5_000;

/** Links in chain order with what was hashed, then the entries that are on no chain. Needs a snapshot transaction. */
export async function* auditRecords(tx: Connection, table: TableRef): AsyncIterable<AuditRecord> {
  const relation = auditRelation(table);
  const head = await tx.query<{ columns: string }>("SELECT columns FROM runback_audit_heads WHERE relation = $1", [
    relation,
  ]);
  const columns = JSON.parse(head.rows[0]?.columns ?? "[]") as string[];
  const all = await tx.query<{ name: string }>("SELECT name FROM pragma_table_info($1) ORDER BY name", [
    table.schema === "runback" ? `runback_${table.name}` : table.name,
  ]);
  const later = all.rows.map(({ name }) => name).filter((name) => !columns.includes(name));
  const laterText =
    later.length === 0 ? "NULL" : `json_object(${later.map((name) => `${literal(name)}, e.${id(name)}`).join(", ")})`;
  const entry = `CAST(e.id AS TEXT) AS entry_id, ${hashedText("e", columns)} AS hashed, ${laterText} AS later`;
  for (let after = 0; ; ) {
    const { rows } = await tx.query<AuditRecord & { seq: number }>(
      `SELECT c.seq, c.entry, c.row_sha256 AS "rowSha256", c.previous, c.sha256, f.hashed, f.later
       FROM (SELECT * FROM runback_audit_chain WHERE relation = $1 AND seq > $2 ORDER BY seq LIMIT ${recordsPerFetch}) c
       LEFT JOIN (SELECT ${entry} FROM ${tableName(table)} e) f ON f.entry_id = c.entry ORDER BY c.seq`,
      [relation, after],
    );
    yield* rows;
    if (rows.length < recordsPerFetch) break;
    after = rows.at(-1)!.seq;
  }
  const unchained = await tx.query<{ entry: string; hashed: string; later: string | null }>(
    `SELECT f.entry_id AS entry, f.hashed, f.later FROM (SELECT ${entry} FROM ${tableName(table)} e) f
     WHERE f.entry_id NOT IN (SELECT entry FROM runback_audit_chain WHERE relation = $1) ORDER BY f.entry_id`,
    [relation],
  );
  for (const row of unchained.rows) yield { seq: null, rowSha256: null, previous: null, sha256: null, ...row };
}
