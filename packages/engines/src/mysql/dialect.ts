import { type Dialect, type LogicalType, mysqlGrammar, type TableRef } from "@runback/core";
import { collation } from "./server.ts";
import { tableDdl } from "./table-ddl.ts";

/** The one function through which every identifier is quoted. */
export function id(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/**
 * A schema is a database here. `public` is the target's own database, whatever it is called, and `runback` is the prefix
 * of Runback's tables in it.
 */
export function table(ref: TableRef): string {
  if (ref.schema === "" || ref.schema === "public") return id(ref.name);
  if (ref.schema === "runback") return id(`runback_${ref.name}`);
  return `${id(ref.schema)}.${id(ref.name)}`;
}

/** Sessions are pinned to a `sql_mode` in which a backslash escapes. */
export function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

export function columnType(logical: LogicalType): string {
  const types: Record<LogicalType, string> = {
    // Not ASCII: compared with an expression, which has the session's character set, no index would be used.
    uuid: `char(36) CHARACTER SET utf8mb4 COLLATE ${collation}`,
    text: `mediumtext CHARACTER SET utf8mb4 COLLATE ${collation}`,
    integer: "int",
    bigint: "bigint",
    boolean: "tinyint(1)",
    // UTC. `timestamp` ends in 2038 and follows the session's time zone.
    instant: "datetime(6)",
    json: "json",
  };
  return types[logical];
}

function cast(expression: string, logical: LogicalType): string {
  switch (logical) {
    case "text":
      return `CAST(${expression} AS char)`;
    case "uuid":
      return `CAST(${expression} AS char(36))`;
    case "bigint":
      return `CAST(${expression} AS signed)`;
    case "integer":
      // A double crosses the wire as a number; every integer cast is 64 bits wide and would come as text.
      return `((${expression}) + 0e0)`;
    case "boolean":
      return `((${expression}) IN ('true', 't', '1'))`;
    case "instant":
      return `CAST(replace(replace(${expression}, 'T', ' '), 'Z', '') AS datetime(6))`;
    case "json":
      return `(${expression})`;
  }
}

export const dialect: Dialect = {
  grammar: mysqlGrammar,
  id,
  table,
  literal,
  param: (n) => `$${n}`,
  type: (logical) => columnType(logical),
  cast,
  isDistinct: (a, b) => `NOT (${a} <=> ${b})`,
  uuidFrom: (scope, sourceId) => {
    // The same as on the other engines: version 8 with the RFC 9562 variant bits, a numeric source id in front.
    const hash = `sha2(concat(${literal(scope)}, ${sourceId}), 256)`;
    const lead = `CASE WHEN ${sourceId} REGEXP '^[1-9][0-9]{0,13}$' THEN lpad(lower(hex(CAST(${sourceId} AS unsigned))), 12, '0') ELSE left(${hash}, 12) END`;
    const marked = `insert(insert(concat(${lead}, right(${hash}, 20)), 13, 1, '8'), 17, 1, 'a')`;
    return `insert(insert(insert(insert(${marked}, 21, 0, '-'), 17, 0, '-'), 13, 0, '-'), 9, 0, '-')`;
  },
  idsInDatabase: true,
  updateFrom: ({ target, set, from, where }) =>
    `UPDATE ${table(target)} AS t, ${from} SET ${set.map(([column, expression]) => `t.${id(column)} = ${expression}`).join(", ")} WHERE ${where}`,
  createStage: (ref, content) =>
    typeof content === "string"
      ? `CREATE TABLE ${table(ref)} ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE ${collation} AS ${content}`
      : `CREATE TABLE ${table(ref)} (${content.map(([name, type]) => `${id(name)} ${columnType(type)}`).join(", ")}) ENGINE = InnoDB`,
  createIndex: (ref, columns) => `ALTER TABLE ${table(ref)} ADD INDEX (${columns.map(id).join(", ")})`,
  indexStage: (ref) => [
    // Looked up by line in every step, and by source id when children are joined: nothing hashes a join on texts here.
    `ALTER TABLE ${table(ref)} ADD INDEX (line), ADD INDEX (sid(200))`,
  ],
  analyze: (ref) => `ANALYZE NO_WRITE_TO_BINLOG TABLE ${table(ref)}`,
  setDigest: (text) => {
    const word = (from: number) => `bit_xor(CAST(conv(substr(sha2(${text}, 256), ${from}, 16), 16, 10) AS unsigned))`;
    return `concat(count(*), ':', ${word(1)}, ':', ${word(17)})`;
  },
  minutesBetween: (a, b) => `abs(timestampdiff(MICROSECOND, ${a}, ${b})) / 60000000`,
  inlineCte: "",
  // MariaDB computes it each time it is read.
  sharedCte: null,
  onConflict: () => "ON DUPLICATE KEY UPDATE",
  rowLock: "FOR UPDATE",
  keyedSubquery: "DISTINCT",
  bytesText: (bytes) => `lower(hex(${bytes}))`,
  joinTexts: (text, separator, order) => `group_concat(${text} ORDER BY ${order} SEPARATOR ${literal(separator)})`,
  jsonString: (text) => `json_quote(${text})`,
  jsonText: (json, key) => `json_unquote(json_extract(${json}, ${literal(`$.${JSON.stringify(key)}`)}))`,
  ddl: tableDdl,
  // Sessions are pinned to UTC, which is what a `timestamp` follows. A column of whole seconds would round up, into the future.
  utcValue: (text, type) => {
    const digits = Number(/\((\d)\)/.exec(type)?.[1] ?? 0);
    return `CAST(left(${text}, ${digits === 0 ? 19 : 20 + digits}) AS datetime(${digits}))`;
  },
  isPast: (column, value) => `${column} <= ${value}`,
};
