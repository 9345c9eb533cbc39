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
import { fromImage, imageValue, item, keyColumns, keyText, matchesKey } from "./row-image.ts";

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
    ...referencedRules(layout, layouts, request.catalog.tables),
    ...layout.table.foreignKeys.map((key) => orphanRule(layout, key, layouts)),
    ...uniqueRules(layout).map((rule) => rule.conflict),
    ...movedRules(layout, run),
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

/** Rows of the plan to be found by their key. Named, since the statistics of rows just written make any index look as good. */
const byKey = (alias: string) => `runback_undo_rows ${alias} FORCE INDEX (by_key)`;

/**
 * Marks the rows that a query finds. The query is a table of its own (DISTINCT is never merged): an UPDATE may not read
 * the table it writes in a subquery.
 */
const mark = (found: string, set: string) =>
  `UPDATE runback_undo_rows w JOIN (SELECT DISTINCT u.seq AS seq FROM ${found}) x ON x.seq = w.seq SET ${set} WHERE w.plan = $1`;

const conflict = (name: string, detail: string) => `w.class = '${name}', w.act = 'none', w.detail = ${literal(detail)}`;

/** Rows to delete, or whose referenced value would change, that a row which stays still points at. */
function referencedRules(parent: Layout, layouts: readonly Layout[], tables: readonly Table[]): string[] {
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => sameTable(key.references, parent.table))
      .map((key) => {
        const own = layouts.find((layout) => sameTable(layout.table, child));
        const moves = valueChanges(parent, key);
        const other = own
          ? key.columns.map((name) => `NOT (${before("v", own, name)} <=> c.${id(name)})`).join(" OR ")
          : "";
        const leaves = own
          ? `LEFT JOIN ${byKey("v")} ON ${acting("v", own)} AND v.row_key = ${keyText("c", child)}
             AND (v.act = 'delete' OR v.act = 'update' AND (${other}))`
          : "";
        return mark(
          `runback_undo_rows u
            JOIN ${tableName(parent.table)} p ON ${matchesKey("p", "u.row_key", parent.table)}
            JOIN ${tableName(child)} c ON ${references(key, "p", "c")}
            ${leaves}
            WHERE ${acting("u", parent)} AND u.act IN ('delete'${moves === "false" ? "" : ", 'update'"})
              AND (u.act = 'delete' OR ${moves}) ${own ? "AND v.seq IS NULL" : ""} ${stillProvided(parent, key)}`,
          conflict("referenced", `rows of ${qualifiedName(child)} reference it (${key.name})`),
        );
      }),
  );
}

/** Whether restoring `u` changes what `key` references in the live row `p`; primary keys are restored by deleting and inserting. */
function valueChanges(parent: Layout, key: ForeignKey): string {
  const changes = key.referencedColumns
    .filter((name) => !parent.table.primaryKey.includes(name))
    .map((name) => `NOT (p.${id(name)} <=> ${before("u", parent, name)})`);
  return changes.length === 0 ? "false" : `(${changes.join(" OR ")})`;
}

/** A value beside the key may come back in another row of the plan: a reference to it then dangles at no time. */
function stillProvided(parent: Layout, key: ForeignKey): string {
  if (key.referencedColumns.every((name) => parent.table.primaryKey.includes(name))) return "";
  const same = key.referencedColumns.map((name) => `${before("r", parent, name)} = p.${id(name)}`);
  return `AND NOT EXISTS (SELECT 1 FROM runback_undo_rows r
    WHERE ${acting("r", parent)} AND r.act IN ('insert', 'update') AND r.row_key <> u.row_key AND ${same.join(" AND ")})`;
}

/** Finds a row whose referenced value, beside its key, is to change: references to it must change at the same time. */
function referencedValueChanges(parent: Layout, tables: readonly Table[]): string[] {
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => sameTable(key.references, parent.table) && valueChanges(parent, key) !== "false")
      .map(
        (key) => `
          SELECT 1 FROM runback_undo_rows u JOIN ${tableName(parent.table)} p ON ${matchesKey("p", "u.row_key", parent.table)}
          WHERE ${acting("u", parent)} AND u.act = 'update' AND ${valueChanges(parent, key)} LIMIT 1`,
      ),
  );
}

/** A row that moved from key to key comes back whole or not at all. */
function movedRules(layout: Layout, run: number): string[] {
  return (["old_key", "new_key"] as const).map((side) => {
    const other = side === "old_key" ? "new_key" : "old_key";
    return `
      UPDATE runback_undo_rows w JOIN (
        SELECT DISTINCT u.seq AS seq, CASE WHEN u.class = 'already' THEN 'already'
          WHEN v.class = 'already' AND u.act = 'insert' THEN 'missing' ELSE 'edited' END AS class
        FROM runback_key_changes k
        JOIN ${byKey("u")} ON ${acting("u", layout)} AND u.row_key = k.${side}
        JOIN ${byKey("v")} ON v.plan = $1 AND v.layout = ${layout.num} AND v.act = 'none' AND v.row_key = k.${other}
        WHERE k.run = ${run} AND k.layout = ${layout.num}
      ) x ON x.seq = w.seq
      SET w.class = x.class, w.act = 'none',
        w.detail = 'the run changed its key, and the row under the other key is not as the run left it'
      WHERE w.plan = $1`;
  });
}

/** Rows to restore whose before-image references a row that is neither there nor being restored. */
function orphanRule(layout: Layout, key: ForeignKey, layouts: readonly Layout[]): string {
  const values = key.columns.map((name) => before("u", layout, name));
  const own = layouts.find((each) => sameTable(each.table, key.references));
  const restored = own
    ? `AND NOT EXISTS (SELECT 1 FROM ${byKey("v")} WHERE ${acting("v", own)} AND v.act IN ('insert', 'update')
        AND ${referencedKey(layout, key, own) ?? key.referencedColumns.map((name, at) => `${before("v", own, name)} = ${values[at]}`).join(" AND ")})`
    : "";
  return mark(
    `runback_undo_rows u
      WHERE ${acting("u", layout)} AND u.act IN ('insert', 'update') AND u.keyed
        AND ${values.map((value) => `${value} IS NOT NULL`).join(" AND ")}
        AND NOT EXISTS (SELECT 1 FROM ${tableName(key.references)} p
          WHERE ${key.referencedColumns.map((name, at) => `p.${id(name)} = ${values[at]}`).join(" AND ")})
        ${restored}`,
    conflict("missing", `references a row of ${qualifiedName(key.references)} that was deleted since (${key.name})`),
  );
}

/** A reference to a primary key names the row's key in the plan, where equal values have equal texts: found by the index. */
function referencedKey({ table, columns }: Layout, key: ForeignKey, parent: Layout): string | undefined {
  const parts = parent.table.primaryKey.map((name) => key.columns[key.referencedColumns.indexOf(name)]);
  if (parts.length !== key.columns.length || parts.some((name) => name === undefined)) return undefined;
  const both = [
    ...keyColumns(parent.table),
    ...parts.map((name) => table.columns.find((column) => column.name === name)!),
  ];
  if (!both.every((column) => column.exactEquality || / collate \w+_bin$/.test(column.type))) return undefined;
  const items = parts.map((name) =>
    item(
      "u.before_image",
      columns.findIndex((column) => column.name === name),
    ),
  );
  return `v.row_key = CONVERT(concat_ws(',', ${items.join(", ")}) USING ascii) COLLATE ascii_bin`;
}

interface UniqueRule {
  /** Marks rows whose unique value somebody else's row holds now. */
  readonly conflict: string;
  /** Finds a row whose unique value another row of the plan still holds. */
  readonly passedOn: string;
}

function uniqueRules(layout: Layout): UniqueRule[] {
  const { table } = layout;
  return table.uniqueIndexes
    .filter((index) => !index.primary)
    .map((index) => {
      const selected = index.expressions.map((expression, at) => `(${expression}) AS e${at}`).join(", ");
      const same = index.expressions.map((_, at) => `h.e${at} = u.e${at}`).join(" AND ");
      // The index's expressions name columns without a table: each side is a query with one table in scope.
      const restored = imageRows(layout, `${acting("i", layout)} AND i.act IN ('insert', 'update') AND i.keyed`);
      const found = `(SELECT _seq AS seq, _key AS row_key, ${selected} FROM ${restored} _image) u
        JOIN (SELECT ${selected}, ${keyText(tableName(table), table)} AS row_key FROM ${tableName(table)}) h
          ON ${same} AND h.row_key <> u.row_key`;
      const leaves = `EXISTS (SELECT 1 FROM ${byKey("v")} WHERE ${acting("v", layout)} AND v.act <> 'insert' AND v.row_key = h.row_key)`;
      return {
        conflict: mark(
          `${found} WHERE NOT ${leaves}`,
          conflict("edited", `its value in unique index ${index.name} was taken since`),
        ),
        passedOn: `SELECT 1 FROM ${found} WHERE ${leaves} LIMIT 1`,
      };
    });
}

/** Rows of the plan as their images would restore them, with the table's columns, generated ones included. */
function imageRows({ table, columns }: Layout, where: string): string {
  const stored = columns.map((column, index) => `${fromImage("i.before_image", index, column)} AS ${id(column.name)}`);
  const rows = `(SELECT i.seq AS _seq, i.row_key AS _key, ${stored.join(", ")} FROM runback_undo_rows i WHERE ${where})`;
  const derived = table.columns
    .filter((column) => column.generated)
    .map((column) => `(${column.expression}) AS ${id(column.name)}`);
  return derived.length === 0 ? rows : `(SELECT _stored.*, ${derived.join(", ")} FROM ${rows} _stored)`;
}

/** Joins rows of a foreign key's two tables the way the constraint does. */
export function references(key: ForeignKey, parent: string, child: string): string {
  return key.columns
    .map((name, at) => `${parent}.${id(key.referencedColumns[at]!)} = ${child}.${id(name)}`)
    .join(" AND ");
}

function before(alias: string, { columns }: Layout, name: string): string {
  return imageValue(`${alias}.before_image`, columns, name);
}
