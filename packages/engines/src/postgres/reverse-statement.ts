import type { Connection, Value } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import type { Layout } from "./layout.ts";
import { fromImage, matchesKey, stillIs } from "./row-image.ts";

/** Parameters of every statement here: the rollback's id, the run's number, the statement's order. */
export type ReverseParams = readonly [plan: string, run: number, ord: string];

/** What takes back one statement of a run in one table. */
interface Reverse {
  readonly moveKeys: string;
  readonly remove: string;
  readonly restore: string;
  readonly update: string;
}

/** @param only further condition on a row (`j`) or a moved key (`k`) */
function reverse({ num, table, columns }: Layout, only = { row: "true", key: "true" }): Reverse {
  const name = tableName(table);
  const entries = (alias: string) =>
    `${alias}.run = $2::int AND ${alias}.layout = ${num} AND ${alias}.ord = $3::bigint`;
  const planned = (key: string) =>
    `EXISTS (SELECT FROM runback.undo_rows u WHERE u.plan = $1 AND u.layout = ${num}
      AND (u.act = 'pass' OR u.act <> 'none' AND u.class = 'reverted') AND u.key = ${key})`;
  const value = (index: number) => fromImage("j.before", index, columns[index]!);
  const settable = columns
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => column.identity !== "always");
  const set = (list: typeof settable) => list.map(({ column, index }) => `${id(column.name)} = ${value(index)}`);
  const beside = set(settable.filter(({ column }) => !table.primaryKey.includes(column.name)));
  const key = id(table.primaryKey[0]!);
  const moved = (side: "old_key" | "new_key") =>
    `EXISTS (SELECT FROM runback.key_changes k WHERE ${entries("k")} AND k.${side} = j.key)`;
  return {
    moveKeys: `
      UPDATE ${name} t SET ${set(settable).join(", ") || `${key} = t.${key}`} FROM runback.key_changes k
        JOIN runback.journal j ON ${entries("j")} AND j.key = k.old_key AND j.after IS NULL
        JOIN runback.journal n ON ${entries("n")} AND n.key = k.new_key AND n.before IS NULL
      WHERE ${entries("k")} AND ${only.key} AND ${planned("k.old_key")} AND ${planned("k.new_key")}
        AND ${matchesKey("t", "k.new_key", table)} AND ${stillIs("t", columns, "n.after")}`,
    remove: `
      DELETE FROM ${name} t USING runback.journal j
      WHERE ${entries("j")} AND j.before IS NULL AND ${planned("j.key")} AND NOT ${moved("new_key")}
        AND ${matchesKey("t", "j.key", table)} AND ${stillIs("t", columns, "j.after")}`,
    restore: `
      INSERT INTO ${name} (${columns.map((column) => id(column.name)).join(", ")}) OVERRIDING SYSTEM VALUE
      SELECT ${columns.map((_, index) => value(index)).join(", ")} FROM runback.journal j
      WHERE ${entries("j")} AND j.after IS NULL AND ${planned("j.key")} AND NOT ${moved("old_key")}
        AND NOT EXISTS (SELECT FROM ${name} t WHERE ${matchesKey("t", "j.key", table)})`,
    update: `
      UPDATE ${name} t SET ${beside.join(", ") || `${key} = t.${key}`} FROM runback.journal j
      WHERE ${entries("j")} AND ${only.row} AND j.before IS NOT NULL AND j.after IS NOT NULL AND ${planned("j.key")}
        AND ${matchesKey("t", "j.key", table)} AND ${stillIs("t", columns, "j.after")}`,
  };
}

/** Changed keys first (so that cascades follow them back), then deletions, restored rows, and changed values. */
export async function reverseStatement(tx: Connection, layout: Layout, params: ReverseParams): Promise<number> {
  const { moveKeys, remove, restore, update } = reverse(layout);
  let rows = 0;
  for (const statement of [moveKeys, remove, restore, update]) rows += (await tx.query(statement, params)).count;
  return rows;
}

/**
 * The same for a statement whose rows passed a unique value on among themselves (`SET position = position + 1`). The
 * server checks unique values row by row, so the rows go back one by one, the last changed first; a row that still
 * collides waits for the others.
 */
export async function reverseRowByRow(tx: Connection, layout: Layout, params: ReverseParams): Promise<number> {
  const given =
    "(SELECT array_agg(value ORDER BY at) FROM jsonb_array_elements_text($4::jsonb) WITH ORDINALITY e(value, at))";
  const { moveKeys, remove, restore, update } = reverse(layout, {
    row: `j.key = ${given}`,
    key: `k.old_key = ${given}`,
  });
  let rows = (await tx.query(remove, params)).count;
  const entries = `run = $1::int AND layout = ${layout.num} AND ord = $2::bigint`;
  const units = await tx.query<{ moved: boolean; key: string }>(
    `SELECT moved, to_json(key)::text AS key FROM (
       SELECT true AS moved, old_key AS key, ctid FROM runback.key_changes WHERE ${entries}
       UNION ALL SELECT false, key, ctid FROM runback.journal WHERE ${entries} AND before IS NOT NULL AND after IS NOT NULL) e
     ORDER BY ctid DESC`,
    params.slice(1) as Value[],
  );
  let waiting = units.rows;
  let cause: unknown;
  for (let before = Number.POSITIVE_INFINITY; waiting.length > 0; ) {
    if (waiting.length === before) throw cause;
    before = waiting.length;
    const still: typeof waiting = [];
    for (const unit of waiting) {
      const one = tx.savepoint((inner) => inner.query(unit.moved ? moveKeys : update, [...params, unit.key]));
      await one.then(
        ({ count }) => {
          rows += count;
        },
        (error: unknown) => {
          cause = error;
          still.push(unit);
        },
      );
    }
    waiting = still;
  }
  return rows + (await tx.query(restore, params)).count;
}
