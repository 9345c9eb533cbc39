import {
  type Connection,
  type ReshapePort,
  type ShapeEffect,
  sameTable,
  type Table,
  type TableRef,
} from "@runback/core";
import { columnHasNulls, columnOf } from "../shared/column-refusals.ts";
import { id, table as tableName } from "./dialect.ts";
import { renew } from "./enroll.ts";
import { readCatalog } from "./read-catalog.ts";

/** DDL is transactional, capture triggers name no columns but the key's, and columns are followed by number. */
export const reshape: Omit<ReshapePort, "transaction"> = {
  alter: async (tx, table, statement, effect) => {
    if (effect !== undefined && (await holds(tx, table, effect))) return;
    await tx.script(statement);
    await renew(tx);
  },
  setNullable,
};

async function holds(tx: Connection, table: TableRef, effect: ShapeEffect): Promise<boolean> {
  if (effect.kind === "index" || effect.kind === "constraint") {
    const found = await tx.query(
      effect.kind === "index"
        ? "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass AND c.relname = $2"
        : "SELECT 1 FROM pg_constraint WHERE conrelid = $1::regclass AND conname = $2",
      [tableName(table), effect.name],
    );
    return found.count > 0 === effect.present;
  }
  const { tables } = await readCatalog(tx);
  const columns = tables.find((each) =>
    sameTable({ schema: table.schema || "public", name: table.name }, each),
  )?.columns;
  const has = (name: string) => columns?.some((column) => column.name === name) === true;
  return effect.kind === "renamed" ? has(effect.to) && !has(effect.from) : has(effect.name) === effect.present;
}

/** The server looks for NULLs itself, under the lock of its change. */
async function setNullable(tx: Connection, table: Table, name: string, nullable: boolean): Promise<void> {
  const column = columnOf(table, name);
  if (column.nullable === nullable) return;
  const statement = `ALTER TABLE ${tableName(table)} ALTER COLUMN ${id(name)} ${nullable ? "DROP" : "SET"} NOT NULL`;
  try {
    await tx.savepoint((attempt) => attempt.query(statement));
  } catch (error) {
    if ((error as { code?: unknown }).code !== "23502") throw error;
    const { rows } = await tx.query<{ rows: string }>(
      `SELECT count(*)::text AS rows FROM ${tableName(table)} WHERE ${id(name)} IS NULL`,
    );
    throw columnHasNulls(table, name, Number(rows[0]!.rows));
  }
}
