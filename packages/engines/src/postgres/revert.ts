import {
  type Connection,
  changedMeanwhile,
  constraintMeanwhile,
  qualifiedName,
  type RunbackError,
  sameTable,
  type UndoAct,
  type UndoCursor,
  type UndoProgress,
  type UndoRequest,
  undoPhases,
} from "@runback/core";
import { staysAwake } from "../shared/stays-awake.ts";
import { id, table as tableName } from "./dialect.ts";
import { references } from "./find-conflicts.ts";
import { type Layout, plannedLayouts } from "./layout.ts";
import { fromImage, matchesKey, stillIs } from "./row-image.ts";
import { joinFreely, lookUpByKey, useExactTextInBulk } from "./session.ts";

/**
 * Takes back the next rows of the plan in one transaction's worth of set-based statements. Every statement repeats the
 * plan's guard, so a row somebody changed since the plan is never overwritten: the step fails whole instead.
 */
export async function revert(
  tx: Connection,
  request: UndoRequest,
  cursor: UndoCursor,
  limit: number,
): Promise<UndoProgress> {
  await tx.query(useExactTextInBulk);
  const layouts = await plannedLayouts(tx, request.rollbackRunId, request.catalog.tables);
  const list = undoPhases(layouts);
  let { phase, seq } = cursor;
  let rows = 0;
  await withoutUserTriggers(tx, layouts, async () => {
    while (phase < list.length && rows < limit) {
      const { act, layout } = list[phase]!;
      const { last, size } = await nextRows(tx, request, act, layout, seq, limit - rows);
      if (last === null) {
        phase += 1;
        seq = "0";
        continue;
      }
      await apply(tx, request, act, layout, seq, last, size);
      rows += size;
      seq = last;
    }
    // What a deferred constraint refuses is refused here, where it has a name, and not at the commit.
    await tx.query("SET CONSTRAINTS ALL IMMEDIATE");
  }).catch((cause: unknown) => {
    throw isConstraint(cause) ? refusedByConstraint(cause) : cause;
  });
  return { cursor: { phase, seq }, rows, done: phase >= list.length };
}

/** Beyond the place of every row (self-references.ts gives the last ones theirs). */
const end = 2n ** 47n;

/**
 * The rows up to a limit, and all that share the last one's place. Looked for in a window that grows: the rows of an act
 * and a table lie together as a rule, and the index tells blocks apart, not rows.
 */
async function nextRows(
  tx: Connection,
  request: UndoRequest,
  act: UndoAct,
  layout: Layout,
  after: string,
  limit: number,
): Promise<{ last: string | null; size: number }> {
  const members = `runback.undo_rows WHERE plan = $1 AND act = $2 AND layout = $3::int AND seq > $4::bigint`;
  for (let window = BigInt(limit); ; window *= 8n) {
    const to = BigInt(after) + window;
    const chunk = await tx.query<{ last: string | null; size: number; filled: boolean }>(
      `SELECT last::text, filled, (SELECT count(*)::int FROM ${members} AND seq <= last) AS size
       FROM (SELECT max(seq) AS last, count(*) = $6::int AS filled
         FROM (SELECT seq FROM ${members} AND seq <= $5::bigint ORDER BY seq LIMIT $6::int) c) l`,
      [request.rollbackRunId, act, layout.num, after, String(to), limit],
    );
    const { last, size, filled } = chunk.rows[0]!;
    if (filled || to > end) return { last, size };
  }
}

async function apply(
  tx: Connection,
  request: UndoRequest,
  act: UndoAct,
  layout: Layout,
  from: string,
  to: string,
  size: number,
): Promise<void> {
  const range = `u.plan = $1 AND u.act = '${act}' AND u.layout = ${layout.num} AND u.seq > $2::bigint AND u.seq <= $3::bigint`;
  const params = [request.rollbackRunId, from, to];
  if (act === "delete") await refuseNewReferences(tx, request, layout, range, params);
  await tx.query(lookUpByKey);
  let done = 0;
  // Rows whose version is another one are looked at again by their digest: a vacuum may move a row without changing it.
  for (const live of act === "insert" ? [""] : [untouched(layout), unchanged(layout)]) {
    if (done < size) done += (await tx.query(statements[act](layout, range, live), params)).count;
  }
  await tx.query(joinFreely);
  if (done !== size) throw changedMeanwhile(qualifiedName(layout.table), size - done);
}

/** The very row version the plan saw: nothing to compute, and no index to read. Places are unique in one relation only. */
function untouched({ table }: Layout): string {
  return table.partitions.length > 0 ? "false" : "t.ctid = u.place AND t.xmin = u.version";
}

/** A row with the content the plan saw. */
function unchanged({ table, columns }: Layout): string {
  return `${matchesKey("t", "u.key", table)} AND ${stillIs("t", columns, "u.guard")}`;
}

const statements: Record<UndoAct, (layout: Layout, range: string, live: string) => string> = {
  insert: ({ table, columns }, range) => `
    INSERT INTO ${tableName(table)} (${columns.map((column) => id(column.name)).join(", ")}) OVERRIDING SYSTEM VALUE
    SELECT ${columns.map((column, index) => fromImage("u.before", index, column)).join(", ")}
    FROM runback.undo_rows u WHERE ${range} ORDER BY u.seq`,
  update: ({ table, columns }, range, live) => {
    const set = columns
      .map((column, index) => [column, index] as const)
      .filter(([column]) => !table.primaryKey.includes(column.name) && column.identity !== "always")
      .map(([column, index]) => `${id(column.name)} = ${fromImage("u.before", index, column)}`);
    return `UPDATE ${tableName(table)} t SET ${set.join(", ")} FROM runback.undo_rows u WHERE ${range} AND ${live}`;
  },
  delete: ({ table }, range, live) =>
    `DELETE FROM ${tableName(table)} t USING runback.undo_rows u WHERE ${range} AND ${live}`,
};

/**
 * A row that came to reference one of these after the plan would be deleted or changed by a cascading foreign key.
 * Locking the parents first keeps new references out until the step commits.
 */
async function refuseNewReferences(
  tx: Connection,
  request: UndoRequest,
  layout: Layout,
  range: string,
  params: string[],
): Promise<void> {
  const acting = request.catalog.tables.flatMap((child) =>
    child.foreignKeys
      .filter(
        (key) => sameTable(key.references, layout.table) && key.onDelete !== "no action" && key.onDelete !== "restrict",
      )
      .map((key) => ({ child, key })),
  );
  if (acting.length === 0) return;
  const parents = `${tableName(layout.table)} p JOIN runback.undo_rows u ON ${range} AND ${matchesKey("p", "u.key", layout.table)}`;
  await tx.query(`SELECT FROM ${parents} FOR UPDATE OF p`, params);
  for (const { child, key } of acting) {
    const found = await tx.query(
      `SELECT FROM ${parents} JOIN ${tableName(child)} c
       ON ${references(key, "p", "c")}
       ${
         sameTable(child, layout.table)
           ? `WHERE NOT EXISTS (SELECT FROM runback.undo_rows v WHERE v.plan = $1 AND v.act = 'delete' AND v.layout = ${layout.num}
                AND ${matchesKey("c", "v.key", layout.table)})`
           : ""
       } LIMIT 1`,
      params,
    );
    if (found.count > 0) throw changedMeanwhile(qualifiedName(child), 1);
  }
}

/**
 * Users' triggers stay silent while rows are put back: what they wrote during the run was journaled and is taken back
 * itself, and a trigger that stamps rows would make them differ from their before-image. The switch belongs to the
 * transaction; other sessions never see it. The work must leave no constraint check pending: ALTER TABLE refuses then.
 */
export async function withoutUserTriggers(
  tx: Connection,
  layouts: readonly Layout[],
  work: () => Promise<void>,
): Promise<void> {
  const modes = { O: "ENABLE", R: "ENABLE REPLICA", A: "ENABLE ALWAYS" } as const;
  const triggers = layouts.flatMap((layout) =>
    layout.table.userTriggers
      .filter(({ name }) => !staysAwake(name, layout))
      .map((trigger) => ({ table: layout.table, ...trigger })),
  );
  for (const { table, name } of triggers) {
    await tx.query(`ALTER TABLE ${tableName(table)} DISABLE TRIGGER ${id(name)}`);
  }
  await work();
  for (const { table, name, mode } of triggers) {
    await tx.query(`ALTER TABLE ${tableName(table)} ${modes[mode]} TRIGGER ${id(name)}`);
  }
}

/** Foreign key, unique, check, exclusion, not null: SQLSTATE class 23. */
export function isConstraint(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith("23");
}

function refusedByConstraint(cause: unknown): RunbackError {
  const { constraint_name: named, constraint } = cause as { constraint_name?: string; constraint?: string };
  const name = named ?? constraint ?? "of the target";
  return constraintMeanwhile(name, cause);
}
