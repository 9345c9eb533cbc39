import type { Connection, ReshapePort, ShapeEffect, Table } from "@runback/core";
import { columnHasNulls, columnOf } from "../shared/column-refusals.ts";
import { id, table as tableName } from "./dialect.ts";
import { enroll, letGo, renew } from "./enroll.ts";
import { readCatalog } from "./read-catalog.ts";
import { rebuildTable } from "./rebuild-table.ts";

/** DDL is transactional, and SQLite follows renames in the capture triggers' texts by itself. */
export const reshape: Omit<ReshapePort, "transaction"> = {
  alter: async (tx, table, statement, effect) => {
    if (effect !== undefined && (await holds(tx, table, effect))) return;
    const drops = effect?.kind === "column" && !effect.present;
    // A column that a trigger names is not dropped.
    const enrolled = drops && (await letGo(tx, table));
    await tx.script(statement);
    if (enrolled)
      await enroll(
        tx,
        (await readCatalog(tx)).tables.filter(({ name }) => name === table.name),
      );
    else await renew(tx);
  },
  setNullable: async (tx, table, name, nullable) => {
    if (columnOf(table, name).nullable === nullable) return;
    if (!nullable) {
      const { rows } = await tx.query<{ n: number }>(
        `SELECT count(*) AS n FROM ${tableName(table)} WHERE ${id(name)} IS NULL`,
      );
      if (rows[0]!.n > 0) throw columnHasNulls(table, name, rows[0]!.n);
    }
    await rebuildTable(tx, table, name, nullable);
    await renew(tx);
  },
};

async function holds(tx: Connection, table: Table, effect: ShapeEffect): Promise<boolean> {
  // A named check is part of its column's text here.
  if (effect.kind === "constraint") return false;
  if (effect.kind === "index") {
    const found = await tx.query("SELECT 1 FROM pragma_index_list($1) WHERE lower(name) = lower($2)", [
      table.name,
      effect.name,
    ]);
    return found.count > 0 === effect.present;
  }
  const columns = await tx.query<{ name: string }>("SELECT lower(name) AS name FROM pragma_table_xinfo($1)", [
    table.name,
  ]);
  const has = (name: string) => columns.rows.some((row) => row.name === name.toLowerCase());
  return effect.kind === "renamed" ? has(effect.to) && !has(effect.from) : has(effect.name) === effect.present;
}
