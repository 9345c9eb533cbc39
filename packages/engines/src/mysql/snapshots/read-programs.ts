import type { Connection } from "@runback/core";
import { id } from "../dialect.ts";
import { ofUsers } from "./of-users.ts";
import type { ProgramObject } from "./schema-object.ts";

type Row = Record<string, string | null>;

interface Kind {
  readonly kind: ProgramObject["kind"];
  readonly list: string;
  /** Column of `SHOW CREATE …` that holds the text. */
  readonly column: string;
}

const kinds: readonly Kind[] = [
  {
    kind: "function",
    list: `SELECT routine_name AS name, NULL AS of FROM information_schema.routines WHERE routine_schema = database()
      AND routine_type = 'FUNCTION' AND ${ofUsers("routine_name")} ORDER BY BINARY routine_name`,
    column: "Create Function",
  },
  {
    kind: "procedure",
    list: `SELECT routine_name AS name, NULL AS of FROM information_schema.routines WHERE routine_schema = database()
      AND routine_type = 'PROCEDURE' AND ${ofUsers("routine_name")} ORDER BY BINARY routine_name`,
    column: "Create Procedure",
  },
  {
    kind: "view",
    list: `SELECT table_name AS name, NULL AS of FROM information_schema.views WHERE table_schema = database()
      AND ${ofUsers("table_name")} ORDER BY BINARY table_name`,
    column: "Create View",
  },
  {
    kind: "trigger",
    // In the order in which they act: each that is made comes after those that are there.
    list: `SELECT trigger_name AS name, event_object_table AS of FROM information_schema.triggers
      WHERE trigger_schema = database() AND ${ofUsers("trigger_name")} AND ${ofUsers("event_object_table")}
      ORDER BY BINARY event_object_table, event_manipulation, action_timing, action_order`,
    column: "SQL Original Statement",
  },
  {
    kind: "event",
    list: `SELECT event_name AS name, NULL AS of FROM information_schema.events WHERE event_schema = database()
      AND ${ofUsers("event_name")} ORDER BY BINARY event_name`,
    column: "Create Event",
  },
];

/** A program as the catalog has it, before anybody knows whether it can be carried. */
export interface FoundProgram extends ProgramObject {
  /** Empty: the text may not be seen. */
  readonly sql: string;
  readonly databaseCollation: string | null;
}

/** Everything with a text of its own, in the order it is made in. One query an object: the server has no other way to its exact text. */
export async function readPrograms(tx: Connection): Promise<FoundProgram[]> {
  const found: FoundProgram[] = [];
  for (const { kind, list, column } of kinds) {
    const { rows } = await tx.query<{ name: string; of: string | null }>(list);
    for (const { name, of } of rows) {
      const shown = await tx.query<Row>(`SHOW CREATE ${kind.toUpperCase()} ${id(name)}`);
      const row = shown.rows[0] ?? {};
      const sql = row[column] ?? "";
      found.push({
        kind,
        name,
        of,
        // One spelling of a trigger's head: it is made on tables of other names, too.
        sql: (kind === "trigger" ? triggerSql({ name, sql }, of!) : undefined) ?? sql,
        definer: /^CREATE (?:ALGORITHM=\w+ )?DEFINER=(\S+?) /.exec(sql)?.[1] ?? "",
        sqlMode: row.sql_mode ?? null,
        client: row.character_set_client ?? "utf8mb4",
        collation: row.collation_connection ?? "utf8mb4_bin",
        timeZone: row.time_zone ?? null,
        databaseCollation: row["Database Collation"] ?? null,
      });
    }
  }
  return found;
}

const gap = "(?:\\s|/\\*[\\s\\S]*?\\*/|--[ \\t][^\\n]*\\n|#[^\\n]*\\n)+";
const word = '(?:`(?:[^`]|``)+`|"(?:[^"]|"")+"|[\\w$\\u0080-\\uffff]+)';
const named = `${word}(?:\\s*\\.\\s*${word})?`;
const header = new RegExp(
  `^(CREATE${gap}DEFINER=\\S+?${gap})TRIGGER${gap}(?:IF${gap}NOT${gap}EXISTS${gap})?${named}${gap}(BEFORE|AFTER)${gap}` +
    `(INSERT|UPDATE|DELETE)${gap}ON${gap}${named}${gap}FOR${gap}EACH${gap}ROW(?:${gap}(?:FOLLOWS|PRECEDES)${gap}${word})?`,
  "i",
);

/** A trigger's text for a table of any name; undefined when its head cannot be read. */
export function triggerSql(program: Pick<ProgramObject, "sql" | "name">, table: string): string | undefined {
  const match = header.exec(program.sql);
  if (match === null) return undefined;
  const [head, create, timing, event] = match as unknown as [string, string, string, string];
  return `${create}TRIGGER ${id(program.name)} ${timing.toUpperCase()} ${event.toUpperCase()} ON ${id(table)} FOR EACH ROW${program.sql.slice(head.length)}`;
}
