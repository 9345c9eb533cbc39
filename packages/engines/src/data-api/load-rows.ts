import type { Connection, TableRef, TextRow } from "@runback/core";
import { id, table as tableName } from "../postgres/dialect.ts";

/** Bytes of one statement's values in their request; a single row may have more. */
const chunkBytes = 1024 * 1024;

/**
 * Bulk load where COPY cannot be: a statement for every megabyte of rows, one array literal a column.
 */
export async function loadRows(
  tx: Pick<Connection, "query">,
  table: TableRef,
  columns: readonly string[],
  rows: AsyncIterable<TextRow>,
): Promise<number> {
  const types = await columnTypes(tx, table);
  const values = columns.map((name, index) => {
    const type = types.get(name);
    if (type === undefined) throw missing(name);
    // The type's own name, not its spelling in DDL: `character` alone would mean one character.
    return `_c${index + 1}::${type}`;
  });
  // A value for a column GENERATED ALWAYS AS IDENTITY is taken, as COPY takes it.
  const sql = `INSERT INTO ${tableName(table)} (${columns.map(id).join(", ")}) OVERRIDING SYSTEM VALUE
SELECT ${values.join(", ")} FROM ROWS FROM (${columns.map((_, index) => `pg_catalog.unnest($${index + 1}::pg_catalog.text[])`).join(", ")})
AS _rows(${columns.map((_, index) => `_c${index + 1}`).join(", ")})`;
  let loaded = 0;
  for await (const chunk of chunks(columns.length, rows)) loaded += (await tx.query(sql, chunk)).count;
  return loaded;
}

async function columnTypes(tx: Pick<Connection, "query">, table: TableRef): Promise<Map<string, string>> {
  const found = await tx.query<{ name: string; type: string }>(
    `SELECT a.attname::text AS name, format('%I.%I', n.nspname, t.typname) AS type
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
     WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped`,
    [tableName(table)],
  );
  return new Map(found.rows.map(({ name, type }) => [name, type]));
}

function missing(name: string): Error {
  // As the database would say it.
  return Object.assign(new Error(`column "${name}" does not exist`), { code: "42703" });
}

/** One array literal a column, for as many rows as fit a request. */
async function* chunks(width: number, rows: AsyncIterable<TextRow>): AsyncIterable<string[]> {
  const start = () => Array.from({ length: width }, () => [] as string[]);
  let gathered = start();
  let bytes = 0;
  for await (const row of rows) {
    const elements = row.map(element);
    const size = elements.reduce((sum, each) => sum + jsonBytes(each), 0);
    if (bytes > 0 && bytes + size > chunkBytes) {
      yield gathered.map(literal);
      gathered = start();
      bytes = 0;
    }
    for (const [index, each] of elements.entries()) gathered[index]!.push(each);
    bytes += size;
  }
  if (bytes > 0) yield gathered.map(literal);
}

const literal = (elements: readonly string[]) => `{${elements.join(",")}}`;

const plain = /^[\w.:@+/-]+(?: [\w.:@+/-]+)*$/;

/** A value inside an array literal. */
function element(value: string | null): string {
  if (value === null) return "NULL";
  if (plain.test(value) && value.toUpperCase() !== "NULL") return value;
  return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

function jsonBytes(text: string): number {
  return plain.test(text) ? text.length + 1 : Buffer.byteLength(JSON.stringify(text)) + 1;
}
