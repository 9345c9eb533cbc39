import type { SnapshotTable } from "@runback/core";
import { RunbackError } from "@runback/core";
import { id } from "../dialect.ts";
import type { Session } from "../session.ts";

/** With the rowid before the columns: a number that programs and full-text tables know rows by, though no column holds it. */
const withRowid = "rows-with-rowid";
const plain = "rows";

/** How the rows of a table are spelled in its stream. */
export function encodingOf(rowid: boolean): string {
  return rowid ? withRowid : plain;
}

/** Whether a table has a rowid that no column of its own stands for, and a name by which it can be asked for. */
export function keepsRowid(session: Session, table: string, withoutRowid: boolean): boolean {
  if (withoutRowid || rowidName(session, table) === undefined) return false;
  const alias = session.run(
    `SELECT 1 FROM pragma_table_xinfo($1) WHERE pk > 0 AND upper(type) = 'INTEGER'
       AND (SELECT count(*) FROM pragma_table_xinfo($1) WHERE pk > 0) = 1
       AND NOT EXISTS (SELECT 1 FROM pragma_index_list($1) WHERE origin = 'pk')`,
    [table],
  );
  return alias.count === 0;
}

/** The columns of a stream as SQL. @throws `SNAPSHOT_ENCODING_UNKNOWN` for a form that only a newer version knows */
export function rowColumns(session: Session, table: SnapshotTable): readonly string[] {
  const columns = table.columns.map(id);
  if (table.encoding === plain) return columns;
  const rowid = table.encoding === withRowid ? rowidName(session, table.name) : undefined;
  if (rowid !== undefined) return [rowid, ...columns];
  throw new RunbackError(
    "SNAPSHOT_ENCODING_UNKNOWN",
    `The rows of ${table.name} are in a form this version does not read.`,
    {
      recovery: "Nothing was changed. Use the Runback that took the snapshot, or a newer one.",
      status: 409,
    },
  );
}

/** The first of its three names that no column takes. */
function rowidName(session: Session, table: string): string | undefined {
  const { rows } = session.run<{ name: string }>("SELECT lower(name) AS name FROM pragma_table_xinfo($1)", [table]);
  const taken = new Set(rows.map(({ name }) => name));
  return ["rowid", "_rowid_", "oid"].find((name) => !taken.has(name));
}
