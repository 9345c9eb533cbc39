import type { Transaction } from "@electric-sql/pglite";
import { type CopyRequest, copyOptions } from "../postgres/snapshots/copy-session.ts";

/** Pages a COPY: its output is one blob in memory, so a table goes in ranges of 8 MiB of its pages. */
const blocksPerCopy = 1024;
const headerBytes = 19;
const trailerBytes = 2;

/** The bytes `COPY table TO` gives, a range of pages at a time. */
export async function* readBlocks(
  session: Pick<Transaction, "query">,
  { table, columns, binary }: CopyRequest,
): AsyncGenerator<Uint8Array> {
  const size = await session.query<{ blocks: number }>(
    `SELECT (pg_relation_size('${table.replaceAll("'", "''")}'::regclass) / current_setting('block_size')::int)::int AS blocks`,
  );
  const blocks = size.rows[0]!.blocks;
  for (let from = 0; from === 0 || from < blocks; from += blocksPerCopy) {
    const rows = `SELECT ${columns} FROM ONLY ${table} WHERE ctid >= '(${from},0)' AND ctid < '(${from + blocksPerCopy},0)'`;
    const { blob } = await session.query(`COPY (${rows}) TO '/dev/blob' ${copyOptions(binary)}`);
    // In text, no rows are no bytes, and then there is no blob either.
    const bytes = blob === undefined ? new Uint8Array(0) : new Uint8Array(await blob.arrayBuffer());
    const last = from + blocksPerCopy >= blocks;
    // Header and trailer belong to the whole, not to each range.
    yield binary
      ? bytes.subarray(from === 0 ? 0 : headerBytes, last ? bytes.length : bytes.length - trailerBytes)
      : bytes;
  }
}
