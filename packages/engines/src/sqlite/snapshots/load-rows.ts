import type { StatementSync } from "node:sqlite";
import type { SnapshotTable } from "@runback/core";
import { table as tableName } from "../dialect.ts";
import type { Session } from "../session.ts";
import { RowDecoder } from "./decode-rows.ts";
import { rowColumns } from "./row-columns.ts";
import { tag } from "./row-format.ts";

/** Statements kept for one table: nearly all have one, or a few where a column holds texts and other values. */
const statementsKept = 50;

/** Loads what `readRows` gave into a table that is empty. Texts go in as bytes, so that those of no valid encoding come back too. */
export async function loadRows(
  session: Session,
  table: SnapshotTable,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const columns = rowColumns(session, table);
  const rows = new RowDecoder(columns.length);
  const insert = inserter(session, table, columns);
  let loaded = 0;
  for await (const chunk of chunks) {
    rows.push(chunk);
    for (; rows.next(); loaded++) insert(rows);
  }
  rows.end();
  return loaded;
}

/** An INSERT per combination of columns that hold texts; NULL fits each. */
function inserter(session: Session, table: SnapshotTable, columns: readonly string[]): (row: RowDecoder) => void {
  const statements = new Map<string, StatementSync>();
  const isText = new Uint8Array(columns.length);
  let statement: StatementSync | undefined;
  const prepare = () => {
    const values = [...isText].map((text) => (text ? "CAST(? AS TEXT)" : "?"));
    return session.db.prepare(`INSERT INTO ${tableName(table)} (${columns.join(", ")}) VALUES (${values.join(", ")})`);
  };
  return ({ tags, values }) => {
    let fits = statement !== undefined;
    for (let at = 0; at < tags.length; at++) {
      const kind = tags[at]!;
      if (kind === tag.null || (kind === tag.text) === (isText[at] === 1)) continue;
      isText[at] = kind === tag.text ? 1 : 0;
      fits = false;
    }
    if (!fits) {
      const key = isText.join("");
      statement = statements.get(key) ?? prepare();
      if (statements.size >= statementsKept) statements.clear();
      statements.set(key, statement);
    }
    statement!.run(...values);
  };
}
