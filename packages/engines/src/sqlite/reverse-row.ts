import { type Connection, sameTable, type Table } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import type { Layout } from "./layout.ts";
import { entryKey, imageValues, liveDigest, liveValues, matchesKey, sameValues } from "./row-image.ts";

export type EntryKind = "remove" | "restore" | "update" | "gone" | "force-insert" | "force-update" | "force-delete";

/** One change to take back: a journal entry, or (`force-…`) a row of the plan. */
export interface Entry {
  /** Place in the journal, or of the undo row. */
  readonly ord: number;
  readonly layout: number;
  readonly kind: EntryKind;
}

export interface Reversal {
  readonly layout: Layout;
  /** Rows written (0 when a cascade was there first), or `waits` when the row is not as it must be yet. */
  reverse(tx: Connection, entry: Entry): Promise<number | "waits">;
}

/** What takes back changes of one table's rows. Every statement repeats the guard, so a newer edit is never overwritten. */
export function reversalOf(layout: Layout, tables: readonly Table[]): Reversal {
  const { table, columns } = layout;
  const on = tableName(table);
  const live = liveValues("t", columns);
  const names = columns.map((column) => id(column.name));
  const key = entryKey("j", table, columns);
  const keyed = matchesKey("t", key, table);
  const [before, after] = [imageValues("j", "b", columns), imageValues("j", "a", columns)];
  const set = names.map((name, at) => `${name} = j.b${at}`).join(", ");
  const entry = "j.ord = $1";
  const plan = "u.seq = $1 AND j.ord = u.first";
  const guarded = `${keyed} AND ${liveDigest("t", columns)} = u.guard`;
  const insert = (from: string, where: string) =>
    `INSERT INTO ${on} (${names.join(", ")}) SELECT ${before.join(", ")} FROM ${from} WHERE ${where}`;
  const found = (from: string, condition: string) => `SELECT 1 FROM ${from}, ${on} t WHERE ${condition}`;
  const remove = (from: string, condition: string) => {
    // DELETE joins nothing: the row is found by its key, looked up.
    const one = table.primaryKey.map((_, at) => `(SELECT ${key[at]} FROM ${from})`);
    return `DELETE FROM ${on} AS t WHERE ${table.primaryKey.map((name, at) => `t.${id(name)} = ${one[at]}`).join(" AND ")}
      AND EXISTS (SELECT 1 FROM ${condition})`;
  };
  const children = actingChildren(table, tables).map(
    ({ child, condition }) =>
      `SELECT 1 FROM runback_journal j, ${on} t, ${tableName(child)} c WHERE ${entry} AND ${keyed} AND ${condition} LIMIT 1`,
  );
  const statements: Record<EntryKind, string> = {
    remove: remove(
      "runback_journal j WHERE j.ord = $1",
      `runback_journal j WHERE ${entry} AND ${keyed} AND ${sameValues(live, after)}`,
    ),
    restore: insert("runback_journal j", entry),
    update: `UPDATE ${on} AS t SET ${set} FROM runback_journal j WHERE ${entry} AND ${keyed} AND ${sameValues(live, after)}`,
    gone: `UPDATE ${on} AS t SET ${set} FROM runback_journal j, runback_journal n
      WHERE ${entry} AND n.ord = $1 + 1 AND ${matchesKey("t", entryKey("n", table, columns), table)}
        AND ${sameValues(live, imageValues("n", "a", columns))}`,
    "force-insert": insert("runback_undo_rows u, runback_journal j", plan),
    "force-update": `UPDATE ${on} AS t SET ${set} FROM runback_undo_rows u, runback_journal j WHERE ${plan} AND ${guarded}`,
    "force-delete": remove(
      `runback_undo_rows u, runback_journal j WHERE ${plan}`,
      `runback_undo_rows u, runback_journal j WHERE ${plan} AND ${guarded}`,
    ),
  };
  const restored = found("runback_journal j", `${entry} AND ${keyed} AND ${sameValues(live, before)}`);
  const there = found("runback_journal j", `${entry} AND ${keyed}`);
  return {
    layout,
    reverse: async (tx, { kind, ord }) => {
      if (kind === "remove") {
        // A row that came to reference this one would go with it: it must be gone, or wait for it to go.
        for (const query of children) if ((await tx.query(query, [ord])).count > 0) return "waits";
      }
      const { count } = await tx.query(statements[kind], [ord]);
      if (count > 0) return count;
      if (kind === "remove") return (await tx.query(there, [ord])).count === 0 ? 0 : "waits";
      // A cascade that went back with its cause did this already.
      if (kind === "update" || kind === "gone") return (await tx.query(restored, [ord])).count > 0 ? 0 : "waits";
      return "waits";
    },
  };
}

/** Foreign keys that would delete or change rows of others together with a row of this table. */
function actingChildren(table: Table, tables: readonly Table[]): { child: Table; condition: string }[] {
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => sameTable(key.references, table) && key.onDelete !== "no action" && key.onDelete !== "restrict")
      .map((key) => {
        const same = key.columns.map((name, at) => `t.${id(key.referencedColumns[at]!)} = c.${id(name)}`);
        const itself = sameTable(child, table)
          ? ` AND NOT (${sameValues(
              table.primaryKey.map((name) => `c.${id(name)}`),
              table.primaryKey.map((name) => `t.${id(name)}`),
            )})`
          : "";
        return { child, condition: same.join(" AND ") + itself };
      }),
  );
}
