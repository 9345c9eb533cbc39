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
import { entryKey, imageValues, keyDigest, keyPlaces, matchesKey, sameValues } from "./row-image.ts";

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
    ...layout.table.foreignKeys.flatMap((key) => orphanRule(layout, key, layouts)),
    ...uniqueRules(layout).map((rule) => rule.conflict),
    movedRule(layout, run),
  ]);
  for (let changed = 1; changed > 0; ) {
    changed = 0;
    for (const rule of rules) changed += (await tx.query(rule, [request.rollbackRunId])).count;
  }
  for (const rule of layouts.flatMap(uniqueRules))
    if ((await tx.query(rule.passedOn, [request.rollbackRunId])).count > 0) return true;
  for (const query of layouts.flatMap((layout) => referencedValueChanges(layout, request.catalog.tables)))
    if ((await tx.query(query, [request.rollbackRunId])).count > 0) return true;
  return false;
}

const acting = (alias: string, layout: Layout) =>
  `${alias}.plan = $1 AND ${alias}.layout = ${layout.num} AND ${alias}.act <> 'none'`;

/** Undo rows `u` of a table with their first entry `f`. */
const undo = (alias: string, entry: string) =>
  `runback_undo_rows ${alias} JOIN runback_journal ${entry} ON ${entry}.ord = ${alias}.first`;

/** The value a column had before the run, from the first entry; undefined for a generated one. */
function before(entry: string, { columns }: Layout, name: string): string | undefined {
  const at = columns.findIndex((column) => column.name === name);
  return at < 0 ? undefined : `${entry}.b${at}`;
}

/** Joins rows of a foreign key's two tables the way the constraint does: by the parent's affinity and collation. */
function references(key: ForeignKey, parent: string, child: string): string {
  return key.columns
    .map((name, at) => `${parent}.${id(key.referencedColumns[at]!)} = ${child}.${id(name)}`)
    .join(" AND ");
}

/**
 * Rows to delete, or whose referenced value would change, that a row which stays still points at. Whatever the foreign
 * key's action: cascading would delete or change newer rows.
 */
function referencedRules(parent: Layout, layouts: readonly Layout[], tables: readonly Table[]): string[] {
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => sameTable(key.references, parent.table))
      .map((key) => {
        const own = layouts.find((layout) => sameTable(layout.table, child));
        const moves = valueChanges(parent, key);
        const values = own ? key.columns.map((name) => before("vf", own, name)) : [];
        const changes = values
          .map((value, at) =>
            value === undefined ? "false" : `NOT (${sameValues([value], [`c.${id(key.columns[at]!)}`])})`,
          )
          .join(" OR ");
        const stays = own
          ? `AND NOT EXISTS (SELECT 1 FROM ${undo("v", "vf")} WHERE ${acting("v", own)} AND v.key = ${keyDigest("c", child)}
               AND (v.act = 'delete' OR v.act = 'update' AND (${changes})))`
          : "";
        return `
          UPDATE runback_undo_rows SET class = 'referenced', act = 'none',
            detail = ${literal(`rows of ${qualifiedName(child)} reference it (${key.name})`)}
          WHERE seq IN (SELECT u.seq FROM ${undo("u", "f")}
            JOIN ${tableName(parent.table)} p ON ${matchesKey("p", entryKey("f", parent.table, parent.columns), parent.table)}
            JOIN ${tableName(child)} c ON ${references(key, "p", "c")}
            WHERE ${acting("u", parent)} AND u.act IN ('delete', 'update') AND (u.act = 'delete' OR ${moves})
              ${stays} ${stillProvided(parent, key)})`;
      }),
  );
}

/** Whether restoring `u` changes what `key` references in the live row `p`; primary keys are restored by deleting and inserting. */
function valueChanges(parent: Layout, key: ForeignKey): string {
  const changes = key.referencedColumns
    .filter((name) => !parent.table.primaryKey.includes(name))
    .flatMap((name) => {
      const value = before("f", parent, name);
      return value === undefined ? [] : [`p.${id(name)} IS NOT ${value}`];
    });
  return changes.length === 0 ? "false" : `(${changes.join(" OR ")})`;
}

/** A value beside the key may come back in another row of the plan: a reference to it then dangles at no time. */
function stillProvided(parent: Layout, key: ForeignKey): string {
  if (key.referencedColumns.every((name) => parent.table.primaryKey.includes(name))) return "";
  const same = key.referencedColumns.map((name) => `${before("rf", parent, name) ?? "NULL"} = p.${id(name)}`);
  return `AND NOT EXISTS (SELECT 1 FROM ${undo("r", "rf")}
    WHERE ${acting("r", parent)} AND r.act IN ('insert', 'update') AND r.key <> u.key AND ${same.join(" AND ")})`;
}

/** Finds a row whose referenced value, beside its key, is to change: references to it must change at the same time. */
function referencedValueChanges(parent: Layout, tables: readonly Table[]): string[] {
  return tables.flatMap((child) =>
    child.foreignKeys
      .filter((key) => sameTable(key.references, parent.table) && valueChanges(parent, key) !== "false")
      .map(
        (key) => `
          SELECT 1 FROM ${undo("u", "f")} JOIN ${tableName(parent.table)} p
            ON ${matchesKey("p", entryKey("f", parent.table, parent.columns), parent.table)}
          WHERE ${acting("u", parent)} AND u.act = 'update' AND ${valueChanges(parent, key)} LIMIT 1`,
      ),
  );
}

/** A row that moved from key to key comes back whole or not at all. */
function movedRule(layout: Layout, run: number): string {
  const places = keyPlaces(layout.table, layout.columns);
  const digest = (entry: string, side: "a" | "b") =>
    `runback_row(${places.map((at) => `${entry}.${side}${at}`).join(", ")})`;
  const side = (u: string, v: string) => `
    SELECT u.seq, v.class AS other, v.act AS act FROM runback_key_changes k
    JOIN runback_journal g ON g.ord = k.gone JOIN runback_journal c ON c.ord = k.come
    JOIN runback_undo_rows u ON ${acting("u", layout)} AND u.key = ${u}
    JOIN runback_undo_rows v ON v.plan = $1 AND v.layout = ${layout.num} AND v.key = ${v} AND v.act = 'none'
    WHERE k.run = ${run} AND k.layout = ${layout.num}`;
  const [old, fresh] = [digest("g", "b"), digest("c", "a")];
  return `
    UPDATE runback_undo_rows SET act = 'none',
      class = CASE WHEN class = 'already' THEN 'already' WHEN m.other = 'already' AND runback_undo_rows.act = 'insert' THEN 'missing' ELSE 'edited' END,
      detail = 'the run changed its key, and the row under the other key is not as the run left it'
    FROM (${side(old, fresh)} UNION ${side(fresh, old)}) m WHERE runback_undo_rows.seq = m.seq`;
}

/** Rows to restore whose before-image references a row that is neither there nor being restored. */
function orphanRule(layout: Layout, key: ForeignKey, layouts: readonly Layout[]): string[] {
  const values = key.columns.map((name) => before("f", layout, name));
  // A generated column follows from others; the step's own constraint check speaks for it.
  if (values.some((value) => value === undefined)) return [];
  const own = layouts.find((each) => sameTable(each.table, key.references));
  const provided = own ? key.referencedColumns.map((name) => before("vf", own, name) ?? "NULL") : [];
  const restored = own
    ? `AND (${values.join(", ")}) NOT IN (SELECT ${provided.join(", ")} FROM ${undo("v", "vf")}
        WHERE ${acting("v", own)} AND v.act IN ('insert', 'update') AND ${provided.map((value) => `${value} IS NOT NULL`).join(" AND ")})`
    : "";
  return [
    `
    UPDATE runback_undo_rows SET class = 'missing', act = 'none',
      detail = ${literal(`references a row of ${qualifiedName(key.references)} that was deleted since (${key.name})`)}
    WHERE seq IN (SELECT u.seq FROM ${undo("u", "f")}
      WHERE ${acting("u", layout)} AND u.act IN ('insert', 'update') AND u.keyed
        AND ${values.map((value) => `${value} IS NOT NULL`).join(" AND ")}
        AND NOT EXISTS (SELECT 1 FROM ${tableName(key.references)} p
          WHERE ${key.referencedColumns.map((name, at) => `p.${id(name)} = ${values[at]}`).join(" AND ")})
        ${restored})`,
  ];
}

interface UniqueRule {
  /** Marks rows whose unique value somebody else's row holds now. */
  readonly conflict: string;
  /** Finds a row whose unique value another row of the plan still holds. */
  readonly passedOn: string;
}

function uniqueRules(layout: Layout): UniqueRule[] {
  const { table, columns } = layout;
  return (
    table.uniqueIndexes
      // What a generated column will be is not computed here: the step's own constraint check speaks for those.
      .filter(
        (index) =>
          !index.primary &&
          index.columns.every((name) => !table.columns.some((column) => column.generated && column.name === name)),
      )
      .map((index) => {
        const terms = (from: string) =>
          index.expressions.map((expression, at) => `${from}(${expression}) AS "runback ${at}"`).join(", ");
        const where = index.predicate === null ? "" : `WHERE ${index.predicate}`;
        const image = columns.map((column, at) => `${imageValues("f", "b", columns)[at]} AS ${id(column.name)}`);
        // Index expressions name columns without a table: each side is a query with one table in scope.
        const wanted = `(SELECT "runback seq", "runback key", ${terms("")} FROM (
        SELECT u.seq AS "runback seq", u.key AS "runback key", ${image.join(", ")} FROM ${undo("u", "f")}
        WHERE ${acting("u", layout)} AND u.act IN ('insert', 'update') AND u.keyed) ${where}) b`;
        const held = `(SELECT ${keyDigest(tableName(table), table)} AS "runback key", ${terms("")} FROM ${tableName(table)} ${where}) h`;
        const same = index.expressions.map(
          (_, at) => `h."runback ${at}" = b."runback ${at}"${collation(index.expressions[at]!)}`,
        );
        const rows = `FROM ${wanted} JOIN ${held} ON ${same.join(" AND ")} WHERE h."runback key" <> b."runback key"`;
        const leaves = `EXISTS (SELECT 1 FROM runback_undo_rows v WHERE ${acting("v", layout)} AND v.act <> 'insert' AND v.key = h."runback key")`;
        return {
          conflict: `
          UPDATE runback_undo_rows SET class = 'edited', act = 'none',
            detail = ${literal(`its value in unique index ${index.name} was taken since`)}
          WHERE seq IN (SELECT b."runback seq" ${rows} AND NOT ${leaves})`,
          passedOn: `SELECT 1 ${rows} AND ${leaves} LIMIT 1`,
        };
      })
  );
}

function collation(expression: string): string {
  return / COLLATE "[^"]+"$/.exec(expression)?.[0] ?? "";
}
