import {
  type AuditEntry,
  type AuditPage,
  type AuditRecord,
  auditRelation,
  type Column,
  type Connection,
  type TableRef,
} from "@runback/core";
import { readCursor, writeCursor } from "../shared/audit-cursor.ts";
import { auditShape, entryKey, hashedText, physicalName } from "./audit-entry.ts";
import { table as tableName } from "./dialect.ts";
import { readColumns } from "./read-catalog.ts";

interface EntryRow {
  id: string;
  action: string;
  metadata: string | Record<string, unknown> | null;
  at: string;
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
  const cursor = before === undefined ? undefined : readCursor(before, isTime);
  const named = (key: string) => `json_unquote(json_extract(e.metadata, '$.${key}')) = $4`;
  const { rows } = await tx.query<EntryRow>(
    `SELECT p.id, p.action, p.metadata, p.at, l.seq, l.sha256 FROM (
       SELECT CAST(e.id AS char) AS id, e.action, CAST(e.metadata AS char) AS metadata, e.\`createdAt\` AS at FROM ${tableName(table)} e
       WHERE ($2 IS NULL OR e.\`createdAt\` < $2 OR e.\`createdAt\` = $2 AND CAST(e.id AS char) < $3)
         AND ($4 IS NULL OR ${named("run_id")} OR ${named("rollback_run_id")})
       ORDER BY e.\`createdAt\` DESC, CAST(e.id AS char) DESC LIMIT ${Math.trunc(limit) + 1}
     ) p LEFT JOIN (SELECT entry, min(seq) AS seq FROM runback_audit_chain WHERE relation = $1 GROUP BY entry) f ON f.entry = p.id
     LEFT JOIN runback_audit_chain l ON l.relation = $1 AND l.seq = f.seq
     ORDER BY p.at DESC, p.id DESC`,
    [auditRelation(table), cursor?.[0] ?? null, cursor?.[1] ?? null, run ?? null],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    entries: page.map((row) => ({
      id: row.id,
      action: row.action,
      metadata:
        typeof row.metadata === "string" ? (JSON.parse(row.metadata) as Record<string, unknown>) : (row.metadata ?? {}),
      createdAt: `${row.at.replace(" ", "T")}+00:00`,
      seq: row.seq === null ? null : Number(row.seq),
      sha256: row.sha256,
    })),
    next: rows.length > limit && last ? writeCursor(last.at, last.id) : null,
  };
}

const isTime = (text: string) =>
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/.test(text) && !Number.isNaN(Date.parse(`${text.replace(" ", "T")}Z`));

/** Records fetched at once: 5,000 entries of 1 kB keep an export at some 10 MB, whatever the trail's length. */
const recordsPerFetch = 5_000;

/** Links in chain order with what was hashed, then the entries that are on no chain. Needs a snapshot transaction. */
export async function* auditRecords(tx: Connection, table: TableRef): AsyncIterable<AuditRecord> {
  const relation = auditRelation(table);
  const columns = (await auditShape(tx, table))?.columns ?? [];
  const now = await readColumns(tx, physicalName(table));
  const added = now.filter((column) => !column.generated && !columns.some(({ name }) => name === column.name));
  const kept = columns.filter((column) => now.some(({ name }) => name === column.name));
  // As a text: the driver would hand over a value that calls itself JSON as an object, which has lost what was hashed.
  const text = (of: readonly Column[]) => (of.length === 0 ? "NULL" : `CAST(${hashedText("e", of)} AS char)`);
  const hashed = text(kept);
  const later = text(added);
  type Row = Omit<AuditRecord, "seq"> & { seq: string | null };
  for (let after = "0"; ; ) {
    const { rows }: { rows: Row[] } = await tx.query<Row>(
      `SELECT l.seq, l.entry, l.row_sha256 AS rowSha256, l.previous, l.sha256,
         CASE WHEN e.id IS NOT NULL THEN ${hashed} END AS hashed, CASE WHEN e.id IS NOT NULL THEN ${later} END AS later
       FROM (SELECT * FROM runback_audit_chain WHERE relation = $1 AND seq > $2 ORDER BY seq LIMIT ${recordsPerFetch}) l
       LEFT JOIN ${tableName(table)} e ON e.id = ${entryKey("l.entry", columns)}
       ORDER BY l.seq`,
      [relation, after],
    );
    for (const row of rows) yield { ...row, seq: Number(row.seq) };
    if (rows.length < recordsPerFetch) break;
    after = rows.at(-1)!.seq!;
  }
  for (let after: string | null = null; ; ) {
    const { rows }: { rows: { entry: string; hashed: string | null; later: string | null }[] } = await tx.query(
      `SELECT CAST(e.id AS char) AS entry, ${hashed} AS hashed, ${later} AS later FROM ${tableName(table)} e
       WHERE ($2 IS NULL OR CAST(e.id AS char) > $2)
         AND NOT EXISTS (SELECT 1 FROM runback_audit_chain c WHERE c.relation = $1 AND c.entry = CAST(e.id AS char))
       ORDER BY CAST(e.id AS char) LIMIT ${recordsPerFetch}`,
      [relation, after],
    );
    for (const row of rows) yield { ...row, seq: null, rowSha256: null, previous: null, sha256: null };
    if (rows.length < recordsPerFetch) return;
    after = rows.at(-1)!.entry;
  }
}
