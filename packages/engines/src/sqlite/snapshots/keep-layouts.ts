import { type Connection, RunbackError } from "@runback/core";
import { enroll, followRenames } from "../enroll.ts";
import { type LayoutRow, renamed } from "../layout.ts";
import { readCatalog } from "../read-catalog.ts";

/**
 * The journal survives a restore: what it knows of a table is about the table that comes in its place. The triggers by which it
 * follows new names go with the old tables, so the names of now are written down before. Returns the tables that are journaled.
 */
export async function settleNames(tx: Connection): Promise<string[]> {
  const own = await tx.query("SELECT 1 FROM sqlite_schema WHERE name = 'runback_layouts'");
  if (own.count === 0) return [];
  const current = await tx.query<LayoutRow>("SELECT * FROM runback_layouts WHERE current = 1");
  const names: string[] = [];
  for (const row of current.rows) {
    names.push((await renamed(tx, row.relation))?.table ?? row.table_name);
    await followRenames(tx, row);
  }
  return names;
}

/** Journals the tables again that were journaled before. */
export async function enrollAgain(tx: Connection, names: readonly string[]): Promise<void> {
  const { tables } = await readCatalog(tx);
  for (const table of tables) {
    if (!names.includes(table.name) || table.primaryKey.length === 0) continue;
    try {
      await enroll(tx, [table]);
    } catch (error) {
      // Rows from before their key was made one: the next run that means this table says so.
      if (!(error instanceof RunbackError) || error.code !== "TABLE_WITHOUT_KEY") throw error;
    }
  }
}
