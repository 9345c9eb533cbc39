import { type Dialect, type LogicalType, sqliteGrammar, type TableRef } from "@runback/core";
import { tableDdl } from "./table-ddl.ts";

/** Types of tables made from a model: what SQLite keeps of them is the affinity. */
const types: Record<LogicalType, string> = {
  uuid: "TEXT",
  text: "TEXT",
  integer: "INTEGER",
  bigint: "INTEGER",
  boolean: "BOOLEAN",
  instant: "TEXT",
  json: "TEXT",
};

/** The same in staging, where the loader must know what a text stands for. */
export const instantStage = "INSTANT_TEXT";

/** The one function through which every identifier is quoted. */
export function id(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** There are no schemas: Runback's own tables carry a prefix, and `public` is the file itself. */
export function table(ref: TableRef): string {
  if (ref.schema === "runback") return id(`runback_${ref.name}`);
  return ref.schema === "" || ref.schema === "public" ? id(ref.name) : `${id(ref.schema)}.${id(ref.name)}`;
}

/** NUL cannot stand in SQL text. */
export function literal(text: string): string {
  return text
    .split("\0")
    .map((part) => `'${part.replaceAll("'", "''")}'`)
    .join("||char(0)||");
}

export const dialect: Dialect = {
  grammar: sqliteGrammar,
  id,
  table,
  literal,
  param: (n) => `$${n}`,
  type: (logical) => types[logical],
  cast: (expression, logical) => {
    if (logical === "instant") return `runback_instant(${expression})`;
    if (logical === "boolean") return `runback_boolean(${expression})`;
    if (logical === "json") return `json(${expression})`;
    return `CAST(${expression} AS ${types[logical]})`;
  },
  isDistinct: (a, b) => `${a} IS NOT ${b}`,
  uuidFrom: (scope, sourceId) => `runback_uuid(${literal(scope)}, ${sourceId})`,
  idsInDatabase: false,
  updateFrom: ({ target, set, from, where }) =>
    `UPDATE ${table(target)} AS t SET ${set.map(([column, expression]) => `${id(column)} = ${expression}`).join(", ")} FROM ${from} WHERE ${where}`,
  // What is loaded is classified in the same transaction and dropped: outside of the file it is in no log and in no checkpoint.
  createStage: (ref, content) =>
    typeof content === "string"
      ? `CREATE TABLE ${table(ref)} AS ${content}`
      : `CREATE TEMP TABLE ${table(ref)} (${content.map(([name, type]) => `${id(name)} ${type === "instant" ? instantStage : types[type]}`).join(", ")})`,
  createIndex: (ref, columns) =>
    `CREATE INDEX ${id(`${ref.schema === "runback" ? "runback_" : ""}${ref.name}_${columns.join("_")}`)} ON ${table(ref)} (${columns.map(id).join(", ")})`,
  // Statistics would stay behind in a table of the user's file (sqlite_stat1) long after the stage is gone.
  analyze: () => "SELECT 1",
  setDigest: (text) => `runback_set(${text})`,
  minutesBetween: (a, b) => `abs(unixepoch(${a}, 'subsec') - unixepoch(${b}, 'subsec')) / 60.0`,
  indexStage: (ref) => [dialect.createIndex(ref, ["line"])],
  keyedSubquery: "",
  inlineCte: "NOT MATERIALIZED",
  // Merged into each of its four readers it was computed four times, which doubled the time of a classification.
  sharedCte: "MATERIALIZED",
  onConflict: (column) => `ON CONFLICT (${id(column)}) DO UPDATE SET`,
  // One writer at a time: what a transaction read, nobody changes before it ends.
  rowLock: "",
  // Digests are hexadecimal text already.
  bytesText: (bytes) => bytes,
  joinTexts: (text, separator, order) => `string_agg(${text}, ${literal(separator)} ORDER BY ${order})`,
  jsonString: (text) => `json_quote(${text})`,
  jsonText: (json, key) => `(${json} ->> ${literal(`$.${JSON.stringify(key)}`)})`,
  ddl: tableDdl,
  utcValue: (text) => text,
  // Columns hold texts in whichever form their writers have: as seconds they compare.
  isPast: (column, value) => `unixepoch(${column}, 'subsec') <= unixepoch(${value}, 'subsec')`,
};
