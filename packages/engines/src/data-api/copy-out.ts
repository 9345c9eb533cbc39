import type { Connection } from "@runback/core";
import type { CopyRequest } from "../postgres/snapshots/copy-session.ts";
import { gather } from "../postgres/snapshots/gather.ts";
import { quotedNames } from "./quoted-names.ts";

/** Pages of a table read by one query: half a megabyte, so that what runs a second time for a cursor is small. */
const pagesAtOnce = 64;

/** What `COPY table TO STDOUT` gives in text, in the order rows are stored: the service has no COPY, so SQL spells it. */
export async function copyOut<T>(
  tx: Connection,
  { table, columns }: CopyRequest,
  consume: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  return await consume(gather(lines(tx, table, columns)));
}

async function* lines(tx: Connection, table: string, columns: string): AsyncGenerator<Uint8Array> {
  const names = quotedNames(columns);
  const line = names.length === 0 ? "''" : names.map((name) => copied(`t.${name}`)).join(" || E'\\t' || ");
  const size = await tx.query<{ pages: number }>(
    `SELECT (pg_catalog.pg_relation_size($1::regclass) / pg_catalog.current_setting('block_size')::int)::int AS pages`,
    [table],
  );
  // Read when it is wanted: pages that came since hold no rows of this moment.
  for (let from = 0; from < size.rows[0]!.pages; from += pagesAtOnce) {
    const { rows } = await tx.query<{ line: string }>(
      `SELECT ${line} AS line FROM ONLY ${table} t WHERE t.ctid >= $1::pg_catalog.tid AND t.ctid < $2::pg_catalog.tid`,
      [`(${from},0)`, `(${from + pagesAtOnce},0)`],
    );
    if (rows.length > 0) yield Buffer.from(`${rows.map((row) => row.line).join("\n")}\n`);
  }
}

/** A value as its output function prints it, escaped as COPY does. */
function copied(value: string): string {
  const escapes: readonly [string, string][] = [
    ["\\\\", "\\\\\\\\"],
    ["\\b", "\\\\b"],
    ["\\f", "\\\\f"],
    ["\\n", "\\\\n"],
    ["\\r", "\\\\r"],
    ["\\t", "\\\\t"],
    ["\\x0b", "\\\\v"],
  ];
  const text = escapes.reduce(
    (inner, [from, to]) => `pg_catalog.replace(${inner}, E'${from}', E'${to}')`,
    `pg_catalog.concat(${value})`,
  );
  return `CASE WHEN ${value} IS DISTINCT FROM NULL THEN ${text} ELSE E'\\\\N' END`;
}
