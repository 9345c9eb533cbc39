import type { Column, Table } from "@runback/core";
import { id } from "./dialect.ts";

/** The columns an image holds: generated ones are left out, the database derives them again. */
export function imageColumns(table: Table): readonly Column[] {
  return table.columns.filter((column) => !column.generated);
}

const objectNames = /^reg[a-z]+(\[\])?$/;

/**
 * A value as text that its type's input function reads back to the same bytes. The plain cast serves most types, but
 * not those whose cast to text says less than their output: `character` drops trailing blanks, an overloaded
 * `regproc` has a name that means several functions, a float's NaN has a sign, and a user's type may have any cast.
 */
export function asText(expression: string, column: Pick<Column, "baseType" | "stableBinary">): string {
  const { baseType } = column;
  if (objectNames.test(baseType)) return `${expression}::oid${baseType.endsWith("[]") ? "[]" : ""}::text`;
  if (!column.stableBinary) return outputText(expression);
  if (baseType === "character") return `textin(bpcharout(${expression}))`;
  if (baseType === "double precision")
    return signedNaN(`float8send(${expression}) = decode('fff8000000000000', 'hex')`, expression);
  if (baseType === "real") return signedNaN(`float4send(${expression}) = decode('ffc00000', 'hex')`, expression);
  return `${expression}::text`;
}

function signedNaN(negative: string, expression: string): string {
  return `CASE WHEN ${negative} THEN '-nan' ELSE ${expression}::text END`;
}

/** What the type's output function prints, whatever casts exist. A row of nothing but NULLs is not NULL. */
function outputText(expression: string): string {
  return `CASE WHEN ${expression} IS DISTINCT FROM NULL THEN concat(${expression}) END`;
}

/** `ARRAY[…]` of every image column of a row as text: the before-image. */
export function image(alias: string, columns: readonly Column[]): string {
  return `ARRAY[${columns.map((column) => asText(`${alias}.${id(column.name)}`, column)).join(", ")}]`;
}

/**
 * SHA-256 over the binary form of a row. Types whose binary form names objects of one database only (enums, domains,
 * composites, arrays of them) enter as text, so equal content gives equal digests in another database too.
 */
export function rowDigest(columns: readonly Column[], value: (column: Column, index: number) => string): string {
  const fields = columns.map((column, index) => {
    const expression = value(column, index);
    return column.stableBinary ? expression : outputText(expression);
  });
  return `sha256(record_send(ROW(${fields.join(", ")})))`;
}

/** Digest of a live row. */
export function liveDigest(alias: string, columns: readonly Column[]): string {
  return rowDigest(columns, (column) => `${alias}.${id(column.name)}`);
}

/**
 * Whether a live row is as a digest says. Spelled so that no join can hash it: as part of a hash condition the digest of
 * every row of the table was computed in every step, 145 s instead of 30 for a million rows in steps of 50,000.
 */
export function stillIs(alias: string, columns: readonly Column[], digest: string): string {
  return `${liveDigest(alias, columns)} IS NOT DISTINCT FROM ${digest}`;
}

/** Digest of the row an image would restore. */
export function imageDigest(imageExpression: string, columns: readonly Column[]): string {
  return rowDigest(columns, (column, index) => fromImage(imageExpression, index, column));
}

/** The typed value of one column of an image. */
export function fromImage(imageExpression: string, index: number, column: Column): string {
  return typedText(`(${imageExpression})[${index + 1}]`, column);
}

/** The typed value of a text that `asText` made. */
export function typedText(text: string, column: Column): string {
  if (column.stableBinary && (column.baseType === "double precision" || column.baseType === "real")) {
    // Not every platform reads the sign of a NaN.
    return `CASE WHEN ${text} = '-nan' THEN -('NaN'::${column.type}) ELSE ${text}::${column.type} END`;
  }
  if (!objectNames.test(column.baseType)) return `${text}::${column.type}`;
  return `${text}::oid${column.baseType.endsWith("[]") ? "[]" : ""}::${column.type}`;
}

/** An image as a row with the table's columns, generated ones included, under the table's name: expressions of its indexes hold on it. */
export function imageRow(imageExpression: string, table: Table, columns: readonly Column[]): string {
  const stored = columns.map((column, index) => `${fromImage(imageExpression, index, column)} AS ${id(column.name)}`);
  const name = id(table.name);
  const derived = table.columns
    .filter((column) => column.generated)
    .map((column) => `(${column.expression})::${column.type} AS ${id(column.name)}`);
  const rows = `(SELECT ${stored.join(", ")}) ${name}`;
  return derived.length === 0 ? rows : `(SELECT ${name}.*, ${derived.join(", ")} FROM ${rows}) ${name}`;
}

/** One column of the row an image would restore, generated columns included. */
export function imageValue(imageExpression: string, table: Table, columns: readonly Column[], name: string): string {
  const index = columns.findIndex((column) => column.name === name);
  if (index >= 0) return fromImage(imageExpression, index, columns[index]!);
  return `(SELECT ${id(name)} FROM ${imageRow(imageExpression, table, columns)})`;
}

export function keyColumns(table: Table): readonly Column[] {
  return table.primaryKey.map((name) => table.columns.find((column) => column.name === name)!);
}

/** `ARRAY[…]` of the key as text, compared by code point whatever the columns' collations. */
export function keyText(alias: string, table: Table): string {
  const values = keyColumns(table).map((column) => asText(`${alias}.${id(column.name)}`, column));
  return `(ARRAY[${values.join(", ")}] COLLATE "C")`;
}

/** Joins a live row to a key written as text, through the primary key's index. */
export function matchesKey(alias: string, keyExpression: string, table: Table): string {
  const operators = keyOperators(table);
  return keyColumns(table)
    .flatMap((column, index) => {
      const live = `${alias}.${id(column.name)}`;
      const equal = `${live} ${operators[index]} ${fromImage(keyExpression, index, column)}`;
      return column.exactEquality ? [equal] : [equal, `${exactly(live, column)} = (${keyExpression})[${index + 1}]`];
    })
    .join(" AND ");
}

/** Whether two rows of a table have the same key, byte for byte: 1.0 and 1.00 are two keys, as the images of their rows differ. */
export function sameKey(a: string, b: string, table: Table): string {
  const operators = keyOperators(table);
  return keyColumns(table)
    .flatMap((column, index) => {
      const [left, right] = [`${a}.${id(column.name)}`, `${b}.${id(column.name)}`];
      const equal = `${left} ${operators[index]} ${right}`;
      return column.exactEquality ? [equal] : [equal, `${exactly(left, column)} = ${exactly(right, column)}`];
    })
    .join(" AND ");
}

/** The order of rows by key: the same on every server, so text goes by code point and anything unusual as text. */
export function keyOrder(alias: string, table: Table): string {
  return keyColumns(table)
    .map((column) => {
      const value = `${alias}.${id(column.name)}`;
      return naturalOrder.has(column.baseType) ? value : `(${portableText(value, column)}) COLLATE "C"`;
    })
    .join(", ");
}

/** A value as text that means the same in every database: names, where an image holds the OIDs they stand for. */
export function portableText(expression: string, column: Pick<Column, "baseType" | "stableBinary">): string {
  return column.stableBinary ? asText(expression, column) : outputText(expression);
}

const naturalOrder = new Set([
  "smallint",
  "integer",
  "bigint",
  "numeric",
  "uuid",
  "bytea",
  "date",
  "timestamp without time zone",
  "timestamp with time zone",
]);

/** Compares by code point whatever the column's collation. */
function exactly(value: string, column: Column): string {
  return `(${asText(value, column)}) COLLATE "C"`;
}

/** How the primary key's index compares each of its columns. */
export function keyOperators(table: Table): readonly string[] {
  return table.uniqueIndexes.find((index) => index.primary)!.operators;
}

/** An alias that no column of the table has: a column's name would win over it, and mean the column instead of the row. */
export function freeAlias(wanted: string, table: Table): string {
  const taken = new Set(table.columns.map((column) => column.name));
  return taken.has(wanted) ? freeAlias(`${wanted}_`, table) : wanted;
}
