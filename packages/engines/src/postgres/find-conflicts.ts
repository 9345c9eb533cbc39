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
import { fromImage, keyText, matchesKey } from "./row-image.ts";

/**
 * Reclassifies rows that look revertible alone but not together with what others wrote since: rows that newer rows
 * reference, rows whose parent is gone, rows whose unique value was taken. A row that turns into a conflict can make
 * another one a conflict, so the rules repeat until nothing changes.
 *
 * @returns whether rows of the plan pass unique values among themselves, so that their order matters
 */
export async function findConflicts(
  tx: Connection,
  request: UndoRequest,
  layouts: readonly Layout[],
): Promise<boolean> {
  const rules = layouts.flatMap((layout) => [
    ...referencedRules(layout, layouts, request.catalog.tables),
    ...layout.table.foreignKeys.map((key) => orphanRule(layout, key, layouts)),
    ...uniqueRules(layout).map((rule) => rule.conflict),
  ]);
  let changed = 1;
  while (changed > 0) {
    changed = 0;
    for (const rule of rules) changed += (await tx.query(rule, [request.rollbackRunId])).count;
  }
  for (const { passedOn } of layouts.flatMap(uniqueRules)) {
    if ((await tx.query(passedOn, [request.rollbackRunId])).count > 0) return true;
  }
  return false;
}

const acting = (alias: string, layout: Layout) =>
  `${alias}.plan = $1 AND ${alias}.layout = ${layout.num} AND ${alias}.act <> 'none'`;

/** Rows to delete that a row which stays still points at, whatever the foreign key's action: cascading would delete newer rows. */
function referencedRules(parent: Layout, layouts: readonly Layout[], tables: readonly Table[]): string[] {
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => sameTable(key.references, parent.table))
      .map((key) => {
        const own = layouts.find((layout) => sameTable(layout.table, child));
        const leaves = own
          ? `LEFT JOIN runback.undo_rows v ON ${acting("v", own)} AND v.key = ${keyText("c", child)}
             AND (v.act = 'delete' OR v.act = 'update' AND ROW(${key.columns.map((name) => beforeValue("v.before", own, name)).join(", ")})
               IS DISTINCT FROM ROW(${key.columns.map((name) => `c.${id(name)}`).join(", ")}))`
          : "";
        return `
          UPDATE runback.undo_rows u SET class = 'referenced', act = 'none',
            detail = ${literal(`rows of ${qualifiedName(child)} reference it (${key.name})`)}
          WHERE ${acting("u", parent)} AND u.act = 'delete' AND EXISTS (
            SELECT FROM ${tableName(parent.table)} p
            JOIN ${tableName(child)} c ON ${key.columns.map((name, at) => `c.${id(name)} = p.${id(key.referencedColumns[at]!)}`).join(" AND ")}
            ${leaves}
            WHERE ${matchesKey("p", "u.key", parent.table)} ${own ? "AND v.key IS NULL" : ""})`;
      }),
  );
}

/** Rows to restore whose before-image references a row that is neither there nor being restored. */
function orphanRule(layout: Layout, key: ForeignKey, layouts: readonly Layout[]): string {
  const values = key.columns.map((name) => beforeValue("u.before", layout, name));
  const own = layouts.find((each) => sameTable(each.table, key.references));
  const restored = own
    ? `AND NOT EXISTS (SELECT FROM runback.undo_rows v WHERE ${acting("v", own)} AND v.act IN ('insert', 'update')
        AND ${key.referencedColumns.map((name, at) => `${beforeValue("v.before", own, name)} = ${values[at]}`).join(" AND ")})`
    : "";
  return `
    UPDATE runback.undo_rows u SET class = 'missing', act = 'none',
      detail = ${literal(`references a row of ${qualifiedName(key.references)} that was deleted since (${key.name})`)}
    WHERE ${acting("u", layout)} AND u.act IN ('insert', 'update') AND u.keyed
      AND ${values.map((value) => `${value} IS NOT NULL`).join(" AND ")}
      AND NOT EXISTS (SELECT FROM ${tableName(key.references)} p
        WHERE ${key.referencedColumns.map((name, at) => `p.${id(name)} = ${values[at]}`).join(" AND ")})
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
  const restoredRow = columns
    .map((column, at) => `${fromImage("u.before", at, column)} AS ${id(column.name)}`)
    .join(", ");
  return table.uniqueIndexes
    .filter((index) => !index.primary)
    .map((index) => {
      const names = index.expressions.map((_, at) => `e${at}`);
      const selected = index.expressions.map((expression, at) => `(${expression}) AS e${at}`).join(", ");
      const where = index.predicate === null ? "" : `WHERE ${index.predicate}`;
      const same = names.map((name) =>
        index.nullsNotDistinct ? `h.${name} IS NOT DISTINCT FROM b.${name}` : `h.${name} = b.${name}`,
      );
      // Index expressions name columns without a table: each side is a query with one table in scope.
      const holder = `
        LATERAL (SELECT ${selected} FROM (SELECT ${restoredRow}) restored ${where}) b
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

function beforeValue(before: string, layout: Layout, name: string): string {
  const index = layout.columns.findIndex((column) => column.name === name);
  return fromImage(before, index, layout.columns[index]!);
}
