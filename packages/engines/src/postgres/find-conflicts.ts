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
             AND (v.act = 'delete' OR v.act = 'update' AND ROW(${key.columns.map((name) => before("v", own, name)).join(", ")})
               IS DISTINCT FROM ROW(${key.columns.map((name) => `c.${id(name)}`).join(", ")}))`
          : "";
        return `
          UPDATE runback.undo_rows u SET class = 'referenced', act = 'none',
            detail = ${literal(`rows of ${qualifiedName(child)} reference it (${key.name})`)}
          WHERE ${acting("u", parent)} AND u.act = 'delete' AND EXISTS (
            SELECT FROM ${tableName(parent.table)} p
            JOIN ${tableName(child)} c ON ${references(key, "p", "c")}
            ${leaves}
            WHERE ${matchesKey("p", "u.key", parent.table)} ${own ? "AND v.key IS NULL" : ""})`;
      }),
  );
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
