import type { Column, Table } from "@runback/core";
import { id } from "./dialect.ts";

/** The columns an image holds: generated ones are left out, the database derives them again. */
export function imageColumns(table: Table): readonly Column[] {
  return table.columns.filter((column) => !column.generated);
}

/**
 * A value as text that its type's input function reads back to the same bytes. The plain cast serves every type but
 * `character`, whose cast to text drops trailing blanks.
 */
export function asText(expression: string, column: Pick<Column, "baseType">): string {
  return column.baseType === "character" ? `textin(bpcharout(${expression}))` : `${expression}::text`;
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
    return column.stableBinary ? expression : asText(expression, column);
  });
  return `sha256(record_send(ROW(${fields.join(", ")})))`;
}

/** Digest of a live row. */
export function liveDigest(alias: string, columns: readonly Column[]): string {
  return rowDigest(columns, (column) => `${alias}.${id(column.name)}`);
}

/** Digest of the row an image would restore. */
export function imageDigest(imageExpression: string, columns: readonly Column[]): string {
  return rowDigest(columns, (column, index) => fromImage(imageExpression, index, column));
}

/** The typed value of one column of an image. */
export function fromImage(imageExpression: string, index: number, column: Column): string {
  return `(${imageExpression})[${index + 1}]::${column.type}`;
}

export function keyColumns(table: Table): readonly Column[] {
  return table.primaryKey.map((name) => table.columns.find((column) => column.name === name)!);
}

/** `ARRAY[…]` of the key as text. */
export function keyText(alias: string, table: Table): string {
  return `ARRAY[${keyColumns(table)
    .map((column) => asText(`${alias}.${id(column.name)}`, column))
    .join(", ")}]`;
}

/** Joins a live row to a key written as text, through the primary key's index. */
export function matchesKey(alias: string, keyExpression: string, table: Table): string {
  return keyColumns(table)
    .map((column, index) => `${alias}.${id(column.name)} = ${fromImage(keyExpression, index, column)}`)
    .join(" AND ");
}
