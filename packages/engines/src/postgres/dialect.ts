import { type Dialect, type LogicalType, postgresGrammar, type TableRef } from "@runback/core";
import { tableDdl } from "./table-ddl.ts";

const types: Record<LogicalType, string> = {
  uuid: "uuid",
  text: "text",
  integer: "integer",
  bigint: "bigint",
  boolean: "boolean",
  instant: "timestamptz",
  json: "jsonb",
};

/** The one function through which every identifier is quoted. */
export function id(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function table(ref: TableRef): string {
  return ref.schema === "" ? id(ref.name) : `${id(ref.schema)}.${id(ref.name)}`;
}

export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  // A backslash means itself in every setting of standard_conforming_strings only in this form.
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

export const dialect: Dialect = {
  grammar: postgresGrammar,
  id,
  table,
  literal,
  param: (n) => `$${n}`,
  type: (logical) => types[logical],
  cast: (expression, logical) => `(${expression})::${types[logical]}`,
  isDistinct: (a, b) => `${a} IS DISTINCT FROM ${b}`,
  uuidFrom: (scope, sourceId) => {
    // Version 8 with the RFC 9562 variant bits; what is not the number is from SHA-256.
    const hash = `encode(sha256(convert_to(concat(${literal(scope)}, ${sourceId}), 'UTF8')), 'hex')`;
    const lead = `CASE WHEN ${sourceId} ~ '^[1-9][0-9]{0,13}$' THEN lpad(to_hex((${sourceId})::bigint), 12, '0') ELSE left(${hash}, 12) END`;
    return `overlay(overlay(concat(${lead}, right(${hash}, 20)) placing '8' from 13) placing 'a' from 17)::uuid`;
  },
  idsInDatabase: true,
  updateFrom: ({ target, set, from, where }) =>
    `UPDATE ${table(target)} AS t SET ${set.map(([column, expression]) => `${id(column)} = ${expression}`).join(", ")} FROM ${from} WHERE ${where}`,
  createStage: (ref, content) =>
    // Unlogged: staging is rebuilt from the source after a server crash, never trusted across one.
    typeof content === "string"
      ? `CREATE UNLOGGED TABLE ${table(ref)} AS ${content}`
      : `CREATE UNLOGGED TABLE ${table(ref)} (${content.map(([name, type]) => `${id(name)} ${types[type]}`).join(", ")})`,
  createIndex: (ref, columns) => `CREATE INDEX ON ${table(ref)} (${columns.map(id).join(", ")})`,
  indexStage: (ref) => [`CREATE INDEX ON ${table(ref)} (line)`],
  analyze: (ref) => `ANALYZE ${table(ref)}`,
  setDigest: (text) =>
    `concat(count(*), ':', bit_xor(hashtextextended(${text}, 0)), ':', bit_xor(hashtextextended(${text}, 1)))`,
  minutesBetween: (a, b) => `abs(extract(epoch from (${a}) - (${b}))) / 60`,
  inlineCte: "NOT MATERIALIZED",
  sharedCte: "",
  onConflict: (column) => `ON CONFLICT (${id(column)}) DO UPDATE SET`,
  rowLock: "FOR UPDATE",
  keyedSubquery: "",
  bytesText: (bytes) => `encode(${bytes}, 'hex')`,
  joinTexts: (text, separator, order) => `string_agg(${text}, ${literal(separator)} ORDER BY ${order})`,
  jsonString: (text) => `to_json(${text})::text`,
  jsonText: (json, key) => `(${json} ->> ${literal(key)})`,
  ddl: tableDdl,
  // A cast of the text itself: as a timestamptz it would pass through the session's time zone on its way to a timestamp.
  utcValue: (text, type) =>
    / with time zone|timestamptz/.test(type) ? `((${text}) || '+00')::timestamptz` : `(${text})::timestamp`,
  isPast: (column, value) => `${column} <= ${value}`,
};
