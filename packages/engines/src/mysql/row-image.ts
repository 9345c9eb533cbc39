import type { Column, Table } from "@runback/core";
import { id } from "./dialect.ts";

/** The columns an image holds: generated ones are left out, the database derives them again. */
export function imageColumns(table: Table): readonly Column[] {
  return table.columns.filter((column) => !column.generated);
}

const integers = new Set(["tinyint", "smallint", "mediumint", "int", "bigint"]);
const texts = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"]);
const asTheyPrint = new Set(["date", "time", "datetime", "year", "decimal", "uuid", "inet4", "inet6"]);

/** `character set utf8mb4 collate utf8mb4_bin` at the end of a type, as read-catalog.ts spells it. */
function charset({ type }: Column): { set: string; collation: string } {
  const match = / character set (\w+) collate (\w+)$/.exec(type);
  return { set: match?.[1] ?? "utf8mb4", collation: match?.[2] ?? "utf8mb4_bin" };
}

const nothing = "-";

/**
 * One value in its exact, session-independent text: what prints as digits as it prints, everything else as the
 * hexadecimal form of its bytes. Never NULL, never with a comma, always ASCII.
 *
 * - `timestamp`: seconds since 1970, since its text depends on the session's time zone.
 * - `float`: as the double it widens to; its own text has six digits.
 * - `enum`, `set`, `bit`: the number behind it, so that the empty error value is told from an empty member.
 */
export function part(expression: string, column: Column): string {
  return `coalesce(${partText(expression, column)}, '${nothing}')`;
}

function partText(expression: string, column: Column): string {
  const { baseType } = column;
  if (integers.has(baseType) || asTheyPrint.has(baseType)) return `CAST(${expression} AS char CHARACTER SET ascii)`;
  if (baseType === "float" || baseType === "double") return `CAST((${expression}) * 1e0 AS char CHARACTER SET ascii)`;
  // The zero timestamp is no instant: the server calls it 0 in one place and NULL in another.
  if (baseType === "timestamp")
    return `CASE WHEN year(${expression}) = 0 THEN '0' ELSE CAST(unix_timestamp(${expression}) AS char CHARACTER SET ascii) END`;
  if (["bit", "enum", "set"].includes(baseType)) return `CAST((${expression}) + 0 AS char CHARACTER SET ascii)`;
  if (baseType === "json") return `hex(CAST(${expression} AS char CHARACTER SET utf8mb4))`;
  return `hex(${expression})`;
}

/**
 * The before-image: every image column of a row, separated by commas.
 *
 * @param instead SQL of a column's value where it is not the row's
 */
export function image(
  alias: string,
  columns: readonly Column[],
  instead: (column: Column) => string | undefined = () => undefined,
): string {
  // In ASCII, as it is stored: compared with a stored key in another character set it would be found by no index.
  return `CONVERT(${imageText(alias, columns, instead)} USING ascii) COLLATE ascii_bin`;
}

/**
 * The same as bytes, where they are only stored or hashed. The separator's type is that of the whole, so that no part is
 * converted from one character set to another: that took half of the time an image takes.
 */
export function imageText(
  alias: string,
  columns: readonly Column[],
  instead: (column: Column) => string | undefined = () => undefined,
): string {
  const parts = columns.map((column) => bytesOf(instead(column) ?? `${alias}.${id(column.name)}`, column));
  return `concat_ws(CAST(',' AS binary), ${parts.join(", ")})`;
}

/** `part`, of which digits are bytes to begin with. */
function bytesOf(expression: string, column: Column): string {
  return integers.has(column.baseType)
    ? `coalesce(CAST(${expression} AS binary), '${nothing}')`
    : part(expression, column);
}

/** SHA-256 of an image: a row's digest is that of the image it would have, so an image need not be decoded to be compared. */
export function imageDigest(imageExpression: string): string {
  return `unhex(sha2(${imageExpression}, 256))`;
}

/** Digest of a live row. */
export function liveDigest(alias: string, columns: readonly Column[]): string {
  return imageDigest(image(alias, columns));
}

/** One part of an image as it was written. */
export function item(imageExpression: string, index: number): string {
  return `substring_index(substring_index(${imageExpression}, ',', ${index + 1}), ',', -1)`;
}

/** The typed value of one part of an image or key. */
export function fromImage(imageExpression: string, index: number, column: Column): string {
  const text = item(imageExpression, index);
  return `CASE WHEN ${text} = '${nothing}' THEN NULL ELSE ${typed(text, column)} END`;
}

/** The typed value of a text that `part` made. */
export function typed(text: string, column: Column): string {
  const { baseType, type } = column;
  if (integers.has(baseType)) return `CAST(${text} AS ${/ unsigned/.test(type) ? "unsigned" : "signed"})`;
  if (["bit", "enum", "set"].includes(baseType)) return `CAST(${text} AS unsigned)`;
  if (baseType === "decimal") return `CAST(${text} AS ${/^decimal\([\d,]+\)/.exec(type)?.[0] ?? "decimal(65,30)"})`;
  if (baseType === "float" || baseType === "double") return `CAST(${text} AS double)`;
  if (baseType === "date") return `CAST(${text} AS date)`;
  if (baseType === "time" || baseType === "datetime") return `CAST(${text} AS ${baseType}(6))`;
  if (baseType === "timestamp")
    return `CASE WHEN ${text} + 0 = 0 THEN CAST('0000-00-00 00:00:00' AS datetime(6)) ELSE from_unixtime(CAST(${text} AS decimal(20, 6))) END`;
  if (["year", "uuid", "inet4", "inet6"].includes(baseType)) return text;
  if (baseType === "json") return `convert(${bytes(text)} USING utf8mb4)`;
  if (!texts.has(baseType)) return bytes(text);
  const { set, collation } = charset(column);
  const value = `convert(${bytes(text)} USING ${set})`;
  // As long as the column, so that a temporary table and an index take it for what it is.
  const length = /^(?:var)?char\((\d+)\)/.exec(column.type)?.[1];
  return `${length === undefined ? value : `CAST(${value} AS char(${length}) CHARACTER SET ${set})`} COLLATE ${collation}`;
}

/**
 * The server takes the bytes behind 4 GiB of digits for none (their length overflows), and a temporary table then refuses
 * every value as too long: the digits are said to be fewer.
 */
const bytes = (digits: string) => `unhex(left(${digits}, 2147483646))`;

export function keyColumns(table: Table): readonly Column[] {
  return table.primaryKey.map((name) => table.columns.find((column) => column.name === name)!);
}

/** The key of a row, written as an image is. */
export function keyText(alias: string, table: Table): string {
  return image(alias, keyColumns(table));
}

/** Joins a live row to a key written as text, through the primary key's index; bytes decide where the collation does not. */
export function matchesKey(alias: string, keyExpression: string, table: Table): string {
  return keyColumns(table)
    .flatMap((column, index) => {
      const live = `${alias}.${id(column.name)}`;
      const equal = `${live} = ${typed(item(keyExpression, index), column)}`;
      return column.exactEquality ? [equal] : [equal, `${part(live, column)} = ${item(keyExpression, index)}`];
    })
    .join(" AND ");
}

/** The order of rows by key: the same on every server, so text goes by its bytes. */
export function keyOrder(alias: string, table: Table): string[] {
  return keyColumns(table).map((column) => {
    const value = `${alias}.${id(column.name)}`;
    return column.exactEquality ? value : part(value, column);
  });
}

/** Key values of a key written as text, for people: texts as they read, bytes in hexadecimal. */
export function keyValues(key: string, table: Table): string[] {
  const columns = keyColumns(table);
  return key.split(",").map((value, index) => {
    const column = columns[index];
    if (column === undefined || !texts.has(column.baseType)) return value;
    return Buffer.from(value, "hex").toString(charset(column).set === "latin1" ? "latin1" : "utf8");
  });
}

/** One column of the row an image would restore; only stored ones. */
export function imageValue(imageExpression: string, columns: readonly Column[], name: string): string {
  const index = columns.findIndex((column) => column.name === name);
  return fromImage(imageExpression, index, columns[index]!);
}
