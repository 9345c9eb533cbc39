import { RunbackError } from "@runback/core";
import { id } from "../dialect.ts";
import type { KeyObject } from "./schema-object.ts";

/** One line of `SHOW CREATE TABLE` after the other, taken apart so that a table can be made in stages and under another name. */
export interface TableParts {
  /** Columns, keys and checks that are made with the table. */
  readonly inside: readonly string[];
  /** Indexes that are cheaper to build from rows that are there. */
  readonly indexes: readonly string[];
  readonly keys: readonly Omit<KeyObject, "orphans">[];
  /** From the closing parenthesis on. */
  readonly tail: string;
}

const name = "`(?:[^`]|``)+`";
const list = `\\((${name}(?:, ?${name})*)\\)`;
const foreignKey = new RegExp(`^ +CONSTRAINT (${name}) FOREIGN KEY ${list} REFERENCES (${name}) ${list}( .*)?$`);
const anyForeignKey = new RegExp(`^ +CONSTRAINT ${name} FOREIGN KEY `);
const plainIndex = /^ +(UNIQUE )?KEY /;

const unquoted = (quoted: string) => quoted.slice(1, -1).replaceAll("``", "`");
const names = (text: string) => (text.match(new RegExp(name, "g")) ?? []).map(unquoted);

/** @throws `SNAPSHOT_UNSUPPORTED` for a text this version cannot take apart */
export function tableParts(table: string, sql: string): TableParts {
  const lines = sql.split("\n");
  const end = lines.findIndex((line, at) => at > 0 && line.startsWith(")"));
  if (lines[0] !== `CREATE TABLE ${id(table)} (` || end < 0) throw unreadable(table);
  const body = lines.slice(1, end).map((line) => line.replace(/,$/, ""));
  if (body.some((line) => !line.startsWith("  "))) throw unreadable(table);
  const keys: Omit<KeyObject, "orphans">[] = [];
  const rest: string[] = [];
  for (const line of body) {
    if (!anyForeignKey.test(line)) {
      rest.push(line);
      continue;
    }
    const match = foreignKey.exec(line);
    if (match === null) throw unreadable(`${table} (its foreign key${line})`);
    keys.push({
      name: unquoted(match[1]!),
      line: line.trim(),
      columns: names(match[2]!),
      references: { table: unquoted(match[3]!), columns: names(match[4]!) },
    });
  }
  // Without a primary key an index may decide how rows are stored; an AUTO_INCREMENT column must be indexed from the start; of
  // full-text and spatial indexes the server builds one at a time.
  const late =
    rest.some((line) => /^ +PRIMARY KEY /.test(line)) &&
    !rest.some((line) => /^ +(FULLTEXT|SPATIAL|VECTOR) KEY |USING HASH|^ +PERIOD /.test(line)) &&
    !rest.some((line) => /^ +`.* AUTO_INCREMENT/.test(line) && !autoIsFirst(line, rest));
  return {
    inside: rest.filter((line) => !late || !plainIndex.test(line)),
    indexes: late ? rest.filter((line) => plainIndex.test(line)).map((line) => line.trim()) : [],
    keys,
    tail: lines.slice(end).join("\n"),
  };
}

function autoIsFirst(column: string, lines: readonly string[]): boolean {
  const [own] = names(column);
  const primary = lines.find((line) => /^ +PRIMARY KEY /.test(line));
  return primary !== undefined && names(primary)[0] === own;
}

/** `SHOW CREATE TABLE` without its next AUTO_INCREMENT value, which is content. */
export function withoutPosition(sql: string): { readonly sql: string; readonly autoIncrement: string | null } {
  const match = /\n\) ENGINE=\w+( AUTO_INCREMENT=(\d+))/.exec(sql);
  if (match === null) return { sql, autoIncrement: null };
  const at = match.index + match[0].length - match[1]!.length;
  return { sql: sql.slice(0, at) + sql.slice(at + match[1]!.length), autoIncrement: match[2]! };
}

function unreadable(table: string): RunbackError {
  return new RunbackError("SNAPSHOT_UNSUPPORTED", `A restore could not bring back: table ${table}.`, {
    recovery:
      "Nothing was written. Use the server's own backup for this database: docs/snapshots.md says what is carried.",
    status: 409,
    details: { objects: [`table ${table}`] },
  });
}
