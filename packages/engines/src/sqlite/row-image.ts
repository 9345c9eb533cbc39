import type { Column, Table } from "@runback/core";
import { id } from "./dialect.ts";

/** The columns an image holds: generated ones are left out, the database derives them again. */
export function imageColumns(table: Table): readonly Column[] {
  return table.columns.filter((column) => !column.generated);
}

export function keyColumns(table: Table): readonly Column[] {
  return table.primaryKey.map((name) => table.columns.find((column) => column.name === name)!);
}

/** Digest of a live row: values with their storage classes, under Runback's own function. */
export function liveDigest(alias: string, columns: readonly Column[]): string {
  return `runback_row(${columns.map((column) => `${alias}.${id(column.name)}`).join(", ")})`;
}

/** Digest of a live row's key, as undo rows carry it. */
export function keyDigest(alias: string, table: Table): string {
  return liveDigest(alias, keyColumns(table));
}

/**
 * Whether two lists of values are equal, value by value and storage class by storage class. The plus sign takes a column's
 * affinity away, though not its collation: 'a' is not 'A' here, and 1 neither 1.0 nor '1'.
 */
export function sameValues(left: readonly string[], right: readonly string[]): string {
  return left
    .map((value, at) => `(typeof(${value}) = typeof(${right[at]}) AND +${value} IS +${right[at]} COLLATE BINARY)`)
    .join(" AND ");
}

/** Values of a live row. */
export function liveValues(alias: string, columns: readonly Column[]): string[] {
  return columns.map((column) => `${alias}.${id(column.name)}`);
}

/** Values of one side of a journal entry: `b` before, `a` after. What did not change is written once where `only` says so. */
export function imageValues(alias: string, side: "a" | "b", columns: readonly Column[]): string[] {
  return columns.map((_, at) =>
    side === "b"
      ? `${alias}.b${at}`
      : `iif(${alias}.only IS NULL OR ${alias}.only = ${at}, ${alias}.a${at}, ${alias}.b${at})`,
  );
}

/** Joins a live row to key values, through the primary key's index and then exactly. */
export function matchesKey(alias: string, values: readonly string[], table: Table): string {
  const live = liveValues(alias, keyColumns(table));
  const found = live.map((value, at) => `${value} = ${values[at]}`).join(" AND ");
  return `${found} AND ${sameValues(live, values)}`;
}

/** Places of the key's columns in an image. */
export function keyPlaces(table: Table, columns: readonly Column[]): number[] {
  return table.primaryKey.map((name) => columns.findIndex((column) => column.name === name));
}

/** Key values of a journal entry: no key value is NULL, so the side that has the row is the one that has the key. */
export function entryKey(alias: string, table: Table, columns: readonly Column[]): string[] {
  return keyPlaces(table, columns).map((at) => `coalesce(${alias}.b${at}, ${alias}.a${at})`);
}

/** Whether a side of an entry has a row at all. */
export function hasRow(alias: string, side: "a" | "b", table: Table, columns: readonly Column[]): string {
  return `${alias}.${side}${keyPlaces(table, columns)[0]} IS NOT NULL`;
}
