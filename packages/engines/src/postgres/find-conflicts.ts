import {
  type Connection,
  type ForeignKey,
  qualifiedName,
  sameTable,
  type Table,
  type UndoRequest,
} from "@runback/core";
import { id, literal, table as tableName } from "./dialect.ts";
import type { Layout } from "./layout.ts";
import { imageRow, imageValue, keyText, matchesKey } from "./row-image.ts";

/**
 * Reclassifies rows that look revertible alone but not together with what others wrote since: rows that newer rows
 * reference, rows whose parent is gone, rows whose unique value was taken. A row that turns into a conflict can make
 * another one a conflict, so the rules repeat until nothing changes.
 *
 * @returns whether rows of the plan pass unique or referenced values among themselves, so that their order matters
 */
export async function findConflicts(
  tx: Connection,
  request: UndoRequest,
  layouts: readonly Layout[],
  run: number,
): Promise<boolean> {
  const rules = layouts.flatMap((layout) => [
    ...referencedRules(layout, layouts, request.catalog.tables, run),
    ...layout.table.foreignKeys.map((key) => orphanRule(layout, key, layouts)),
    ...uniqueRules(layout).map((rule) => rule.conflict),
    movedRule(layout, run),
  ]);
  let changed = 1;
  while (changed > 0) {
    changed = 0;
    for (const rule of rules) changed += (await tx.query(rule, [request.rollbackRunId])).count;
  }
  const passed = [
    ...layouts.flatMap(uniqueRules).map((rule) => rule.passedOn),
    ...layouts.flatMap((layout) => referencedValueChanges(layout, request.catalog.tables)),
  ];
  for (const query of passed) if ((await tx.query(query, [request.rollbackRunId])).count > 0) return true;
  return false;
}

const acting = (alias: string, layout: Layout) =>
  `${alias}.plan = $1 AND ${alias}.layout = ${layout.num} AND ${alias}.act <> 'none'`;

/**
 * Rows to delete, or whose referenced value would change, that a row which stays still points at. Whatever the foreign
 * key's action: cascading would delete or change newer rows.
 */
function referencedRules(parent: Layout, layouts: readonly Layout[], tables: readonly Table[], run: number): string[] {
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => sameTable(key.references, parent.table))
      .map((key) => {
        const own = layouts.find((layout) => sameTable(layout.table, child));
        const moves = valueChanges(parent, key);
        const leaves = own
          ? `LEFT JOIN runback.undo_rows v ON ${acting("v", own)} AND v.key = ${keyText("c", child)}
             AND (v.act = 'delete' OR v.act = 'update' AND ROW(${key.columns.map((name) => before("v", own, name)).join(", ")})
               IS DISTINCT FROM ROW(${key.columns.map((name) => `c.${id(name)}`).join(", ")}))`
          : "";
        return `
          UPDATE runback.undo_rows u SET class = 'referenced', act = 'none',
            detail = ${literal(`rows of ${qualifiedName(child)} reference it (${key.name})`)}
          WHERE ${acting("u", parent)} AND u.act IN ('delete'${moves === "false" ? "" : ", 'update'"}) AND EXISTS (
            SELECT FROM ${tableName(parent.table)} p
            JOIN ${tableName(child)} c ON ${references(key, "p", "c")}
            ${leaves}
            WHERE ${matchesKey("p", "u.key", parent.table)} AND (u.act = 'delete' OR ${moves})
              ${own ? "AND v.key IS NULL" : ""} ${stillProvided(parent, child, key, own, run)})`;
      }),
  );
}

/** Whether restoring `u` changes what `key` references in the live row `p`; primary keys are restored by deleting and inserting. */
function valueChanges(parent: Layout, key: ForeignKey): string {
  const changes = key.referencedColumns
    .filter((name) => !parent.table.primaryKey.includes(name))
    .map((name) => `p.${id(name)} IS DISTINCT FROM ${before("u", parent, name)}`);
  return changes.length === 0 ? "false" : changes.join(" OR ");
}

/**
 * A value beside the key may come back in another row of the plan. A reference to it is in nobody's way when that row is
 * the same one under its earlier key, or when the reference itself is passed through on the way back; any other would
 * follow a cascade to where it does not belong.
 */
function stillProvided(parent: Layout, child: Table, key: ForeignKey, own: Layout | undefined, run: number): string {
  if (key.referencedColumns.every((name) => parent.table.primaryKey.includes(name))) return "";
  const same = key.referencedColumns.map((name) => `${before("r", parent, name)} = p.${id(name)}`);
  const changed = (side: string, row: string) =>
    `EXISTS (SELECT FROM runback.key_changes k WHERE k.run = ${run} AND k.layout = ${parent.num} AND k.${side} = ${row}.key)`;
  const passing = own
    ? `OR EXISTS (SELECT FROM runback.undo_rows w WHERE ${acting("w", own)} AND w.act = 'pass' AND w.key = ${keyText("c", child)})`
    : "";
  return `AND NOT EXISTS (SELECT FROM runback.undo_rows r
    WHERE ${acting("r", parent)} AND r.act IN ('insert', 'update') AND r.key <> u.key AND ${same.join(" AND ")}
      AND (${changed("new_key", "u")} AND ${changed("old_key", "r")} ${passing}))`;
}

/** Finds a row whose referenced value, beside its key, is to change: references to it must change at the same time. */
function referencedValueChanges(parent: Layout, tables: readonly Table[]): string[] {
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => sameTable(key.references, parent.table) && valueChanges(parent, key) !== "false")
      .map(
        (key) => `
          SELECT FROM runback.undo_rows u JOIN ${tableName(parent.table)} p ON ${matchesKey("p", "u.key", parent.table)}
          WHERE ${acting("u", parent)} AND u.act = 'update' AND (${valueChanges(parent, key)}) LIMIT 1`,
      ),
  );
}

/** A row that moved from key to key comes back whole or not at all. */
function movedRule(layout: Layout, run: number): string {
  return `
    UPDATE runback.undo_rows u SET act = 'none',
      class = CASE WHEN u.class = 'already' THEN 'already' WHEN v.class = 'already' AND u.act = 'insert' THEN 'missing' ELSE 'edited' END,
      detail = 'the run changed its key, and the row under the other key is not as the run left it'
    FROM runback.key_changes k, runback.undo_rows v
    WHERE ${acting("u", layout)} AND k.run = ${run} AND k.layout = ${layout.num} AND v.plan = $1 AND v.layout = ${layout.num}
      AND v.act = 'none' AND (k.old_key = u.key AND k.new_key = v.key OR k.new_key = u.key AND k.old_key = v.key)`;
}

/** Rows to restore whose before-image references a row that is neither there nor being restored. */
function orphanRule(layout: Layout, key: ForeignKey, layouts: readonly Layout[]): string {
  const values = key.columns.map((name) => before("u", layout, name));
  const own = layouts.find((each) => sameTable(each.table, key.references));
  const restored = own
    ? `AND NOT EXISTS (SELECT FROM runback.undo_rows v WHERE ${acting("v", own)} AND v.act IN ('insert', 'update')
        AND ${key.referencedColumns.map((name, at) => `${before("v", own, name)} ${key.operators[at]} ${values[at]}`).join(" AND ")})`
    : "";
  return `
    UPDATE runback.undo_rows u SET class = 'missing', act = 'none',
      detail = ${literal(`references a row of ${qualifiedName(key.references)} that was deleted since (${key.name})`)}
    WHERE ${acting("u", layout)} AND u.act IN ('insert', 'update') AND u.keyed
      AND ${values.map((value) => `${value} IS NOT NULL`).join(" AND ")}
      AND NOT EXISTS (SELECT FROM ${tableName(key.references)} p
        WHERE ${key.referencedColumns.map((name, at) => `p.${id(name)} ${key.operators[at]} ${values[at]}`).join(" AND ")})
      ${restored}`;
}

interface UniqueRule {
  /** Marks rows whose unique value somebody else's row holds now. */
  readonly conflict: string;
  /** Finds a row whose unique value another row of the plan still holds. */
  readonly passedOn: string;
}

function uniqueRules(layout: Layout): UniqueRule[] {
  const { table, columns } = layout;
  return table.uniqueIndexes
    .filter((index) => !index.primary)
    .map((index) => {
      const names = index.expressions.map((_, at) => `e${at}`);
      const selected = index.expressions.map((expression, at) => `(${expression}) AS e${at}`).join(", ");
      const where = index.predicate === null ? "" : `WHERE ${index.predicate}`;
      const same = names.map((name, at) => {
        const equal = `h.${name} ${index.operators[at]} b.${name}`;
        return index.nullsNotDistinct ? `(${equal} OR h.${name} IS NULL AND b.${name} IS NULL)` : equal;
      });
      // Index expressions name columns without a table: each side is a query with one table in scope.
      const holder = `
        LATERAL (SELECT ${selected} FROM ${imageRow("u.before", table, columns)} ${where}) b
        JOIN (SELECT ${keyText(tableName(table), table)} AS key, ${selected} FROM ${tableName(table)} ${where}) h ON ${same.join(" AND ")}`;
      const rows = `${acting("u", layout)} AND u.act IN ('insert', 'update') AND u.keyed AND h.key <> u.key`;
      const leaves = `EXISTS (SELECT FROM runback.undo_rows v WHERE ${acting("v", layout)} AND v.act <> 'insert' AND v.key = h.key)`;
      return {
        conflict: `
          UPDATE runback.undo_rows u SET class = 'edited', act = 'none',
            detail = ${literal(`its value in unique index ${index.name} was taken since`)}
          WHERE ctid IN (SELECT u.ctid FROM runback.undo_rows u, ${holder} WHERE ${rows} AND NOT ${leaves})`,
        passedOn: `SELECT FROM runback.undo_rows u, ${holder} WHERE ${rows} AND ${leaves} LIMIT 1`,
      };
    });
}

/** Joins rows of a foreign key's two tables the way the constraint does. */
export function references(key: ForeignKey, parent: string, child: string): string {
  return key.columns
    .map((name, at) => `${parent}.${id(key.referencedColumns[at]!)} ${key.operators[at]} ${child}.${id(name)}`)
    .join(" AND ");
}

function before(alias: string, { table, columns }: Layout, name: string): string {
  return imageValue(`${alias}.before`, table, columns, name);
}
