import type { SnapshotTable } from "@runback/core";
import { table as tableName } from "../dialect.ts";
import type { Session } from "../session.ts";
import { RowEncoder } from "./encode-rows.ts";
import { rowColumns } from "./row-columns.ts";
import type { StoredValue } from "./row-format.ts";

/** SQLite bounds how deep an expression may be; sums and concatenations of all columns go by groups. */
const group = 200;

/**
 * Streams a table in the order it is stored. The driver reads text fastest as strings, which hold what is valid UTF-8 only: from the
 * first row that is not, the rest is read as bytes, which takes up to four times as long.
 */
export async function* readRows(
  session: Session,
  table: SnapshotTable,
  counted: (rows: number) => void,
): AsyncGenerator<Uint8Array> {
  const columns = rowColumns(session, table);
  const rows = new RowEncoder();
  // Any index would give the rows in another order.
  const from = `FROM ${tableName(table)} NOT INDEXED`;
  const octets = columns.map((column) => `iif(typeof(${column}) = 'text', octet_length(${column}), 0)`);
  const read = iterate(session, `SELECT ${joined(octets, " + ")}, ${columns.join(", ")} ${from}`);
  let exact = false;
  try {
    for (const row of read) {
      exact = !rows.addRead(row);
      if (exact) break;
      if (rows.full) yield rows.take();
    }
  } finally {
    read.return?.();
  }
  if (exact) {
    const classes = columns.map((column) => `substr(typeof(${column}), 1, 1)`);
    const bytes = columns.map((column) => `iif(typeof(${column}) = 'text', CAST(${column} AS BLOB), ${column})`);
    const rest = iterate(
      session,
      `SELECT ${joined(classes, " || ")}, ${bytes.join(", ")} ${from} LIMIT -1 OFFSET ${rows.rows}`,
    );
    try {
      for (const row of rest) {
        rows.addExact(row);
        if (rows.full) yield rows.take();
      }
    } finally {
      rest.return?.();
    }
  }
  const last = rows.take();
  if (last.byteLength > 0) yield last;
  counted(rows.rows);
}

function iterate(session: Session, sql: string): Iterator<StoredValue[]> & Iterable<StoredValue[]> {
  const statement = session.db.prepare(sql);
  statement.setReturnArrays(true);
  return statement.iterate() as unknown as Iterator<StoredValue[]> & Iterable<StoredValue[]>;
}

function joined(terms: readonly string[], operator: string): string {
  const groups: string[] = [];
  for (let at = 0; at < terms.length; at += group) groups.push(`(${terms.slice(at, at + group).join(operator)})`);
  return groups.join(operator);
}
