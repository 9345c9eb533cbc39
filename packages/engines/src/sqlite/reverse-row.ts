import { type Connection, sameTable, type Table } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import type { Layout } from "./layout.ts";
import { entryKey, imageValues, keyDigest, liveDigest, liveValues, matchesKey, sameValues } from "./row-image.ts";

export type EntryKind = "remove" | "restore" | "update" | "gone" | "net-insert" | "net-update" | "net-delete";

/** One change to take back: a journal entry, or (`net-…`) a whole row of the plan. */
export interface Entry {
  /** Place in the journal, or of the undo row. */
  readonly ord: number;
  readonly layout: number;
  readonly kind: EntryKind;
}

/** Rows that reference each other go together: those that this rollback's plan removes do not hold one another. */
export interface Circle {
  readonly plan: string;
}

export interface Reversal {
  readonly layout: Layout;
  /** Rows written (0 when a cascade was there first), or `waits` when the row is not as it must be yet. */
  reverse(tx: Connection, entry: Entry, circle: Circle | null): Promise<number | "waits">;
}

/** What takes back changes of one table's rows. Every statement repeats the guard, so a newer edit is never overwritten. */
export function reversalOf(layout: Layout, layouts: readonly Layout[], tables: readonly Table[]): Reversal {
  const { table, columns } = layout;
  const on = tableName(table);
  const live = liveValues("t", columns);
  const names = columns.map((column) => id(column.name));
  const key = entryKey("j", table, columns);
  const keyed = matchesKey("t", key, table);
  const [before, after] = [imageValues("j", "b", columns), imageValues("j", "a", columns)];
  const set = names.map((name, at) => `${name} = j.b${at}`).join(", ");
  const entry = "j.ord = $1";
  const planned = "runback_undo_rows u, runback_journal j, runback_journal l";
  const plan = "u.seq = $1 AND j.ord = u.first AND l.ord = u.last";
  // A row that force overwrites is as the plan saw it; any other is as the run left it.
  const guarded = `${keyed} AND CASE WHEN u.guard IS NULL THEN ${sameValues(live, imageValues("l", "a", columns))} ELSE ${liveDigest("t", columns)} = u.guard END`;
  const insert = (from: string, where: string) =>
    `INSERT INTO ${on} (${names.join(", ")}) SELECT ${before.join(", ")} FROM ${from} WHERE ${where}`;
  const found = (from: string, condition: string) => `SELECT 1 FROM ${from}, ${on} t WHERE ${condition}`;
  const remove = (from: string, condition: string) => {
    // DELETE joins nothing: the row is found by its key, looked up.
    const one = table.primaryKey.map((_, at) => `(SELECT ${key[at]} FROM ${from})`);
    return `DELETE FROM ${on} AS t WHERE ${table.primaryKey.map((name, at) => `t.${id(name)} = ${one[at]}`).join(" AND ")}
      AND EXISTS (SELECT 1 FROM ${condition})`;
  };
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
    "net-insert": insert(planned, plan),
    "net-update": `UPDATE ${on} AS t SET ${set} FROM ${planned} WHERE ${plan} AND ${guarded}`,
    "net-delete": remove(`${planned} WHERE ${plan}`, `${planned} WHERE ${plan} AND ${guarded}`),
  };
  const sides = { entry: ["runback_journal j", entry], net: [planned, plan] } as const;
  const ask = (side: keyof typeof sides, condition: string) =>
    found(sides[side][0], `${sides[side][1]} AND ${condition}`);
  const restored = (side: keyof typeof sides) => ask(side, `${keyed} AND ${sameValues(live, before)}`);
  const children = actingChildren(table, tables);
  const childrenOf = (side: keyof typeof sides, circle: boolean) =>
    children.map(
      ({ child, condition }) =>
        `SELECT 1 FROM ${sides[side][0]}, ${on} t, ${tableName(child)} c
         WHERE ${sides[side][1]} AND ${keyed} AND ${condition}${circle ? notLeaving(child, layouts) : ""} LIMIT 1`,
    );
  return {
    layout,
    reverse: async (tx, { kind, ord }, circle) => {
      const side = kind.startsWith("net-") ? "net" : "entry";
      const removes = kind === "remove" || kind === "net-delete";
      // A row that came to reference this one would go with it: it must be gone, or wait for it to go.
      if (removes)
        for (const query of childrenOf(side, circle !== null))
          if ((await tx.query(query, [ord, circle?.plan ?? null])).count > 0) return "waits";
      const { count } = await tx.query(statements[kind], [ord]);
      if (count > 0) return count;
      // A cascade that went back with its cause may have done this already.
      if (removes) return (await tx.query(ask(side, keyed), [ord])).count === 0 ? 0 : "waits";
      return (await tx.query(restored(side), [ord])).count > 0 ? 0 : "waits";
    },
  };
}

/** Leaves out children `c` that the plan ($2) removes too, and that are still as the run left them. */
function notLeaving(child: Table, layouts: readonly Layout[]): string {
  const own = layouts.find((each) => sameTable(each.table, child));
  if (!own) return "";
  return ` AND NOT EXISTS (SELECT 1 FROM runback_undo_rows v JOIN runback_journal vl ON vl.ord = v.last
    WHERE v.plan = $2 AND v.layout = ${own.num} AND v.key = ${keyDigest("c", child)} AND v.act IN ('delete', 'pass')
      AND ${sameValues(liveValues("c", own.columns), imageValues("vl", "a", own.columns))})`;
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
