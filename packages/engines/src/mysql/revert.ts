import {
  type Connection,
  changedMeanwhile,
  constraintMeanwhile,
  qualifiedName,
  RunbackError,
  type UndoAct,
  type UndoCursor,
  type UndoProgress,
  type UndoRequest,
  undoPhases,
} from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { type Layout, plannedLayouts } from "./layout.ts";
import { fromImage, imageDigest, liveDigest, matchesKey } from "./row-image.ts";

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
  const layouts = await plannedLayouts(tx, request.rollbackRunId, request.catalog.tables);
  const list = undoPhases(layouts);
  let { phase, seq } = cursor;
  let rows = 0;
  try {
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
  } catch (cause) {
    throw isConstraint(cause) ? refusedByConstraint(cause) : cause;
  }
  return { cursor: { phase, seq }, rows, done: phase >= list.length };
}

async function nextRows(
  tx: Connection,
  request: UndoRequest,
  act: UndoAct,
  layout: Layout,
  after: string,
  limit: number,
): Promise<{ last: string | null; size: number }> {
  const { rows } = await tx.query<{ last: string | null; size: string }>(
    `SELECT max(seq) AS last, count(*) AS size FROM (
       SELECT seq FROM runback_undo_rows WHERE plan = $1 AND layout = $2 AND seq > $3 AND act = $4
       ORDER BY seq LIMIT ${Math.trunc(limit)}) c`,
    [request.rollbackRunId, layout.num, BigInt(after).toString(), act],
  );
  return { last: rows[0]!.last, size: Number(rows[0]!.size) };
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
  const range = `u.plan = $1 AND u.act = '${act}' AND u.layout = ${layout.num} AND u.seq > $2 AND u.seq <= $3`;
  const params = [request.rollbackRunId, from, to];
  const { count } = await tx.query(statements[act](layout, range), params);
  if (count !== size) throw changedMeanwhile(qualifiedName(layout.table), size - count);
  if (act !== "delete") await assertRestored(tx, layout, range, params);
}

/** A row with the content the plan saw. */
function unchanged({ table, columns }: Layout): string {
  return `${matchesKey("t", "u.row_key", table)} AND ${liveDigest("t", columns)} <=> u.guard_digest`;
}

// STRAIGHT_JOIN: the few rows of a step are looked up by key; the optimizer may prefer to read the whole table.
const statements: Record<UndoAct, (layout: Layout, range: string) => string> = {
  insert: ({ table, columns }, range) => `
    INSERT INTO ${tableName(table)} (${columns.map((column) => id(column.name)).join(", ")})
    SELECT ${columns.map((column, index) => fromImage("u.before_image", index, column)).join(", ")}
    FROM runback_undo_rows u WHERE ${range} ORDER BY u.seq`,
  update: ({ table, columns }, range) => {
    const beside = columns
      .map((column, index) => [column, index] as const)
      .filter(([column]) => !table.primaryKey.includes(column.name))
      .map(([column, index]) => `t.${id(column.name)} = ${fromImage("u.before_image", index, column)}`);
    return `UPDATE runback_undo_rows u STRAIGHT_JOIN ${tableName(table)} t SET ${beside.join(", ")} WHERE ${range} AND ${unchanged({ num: 0, table, columns })}`;
  },
  delete: ({ table, columns }, range) =>
    `DELETE t FROM runback_undo_rows u STRAIGHT_JOIN ${tableName(table)} t WHERE ${range} AND ${unchanged({ num: 0, table, columns })}`,
};

/** What came back is compared with the image at once: a session's settings or a column's rules may have bent a value. */
async function assertRestored(
  tx: Connection,
  { table, columns }: Layout,
  range: string,
  params: readonly string[],
): Promise<void> {
  const bent = await tx.query(
    `SELECT 1 FROM runback_undo_rows u LEFT JOIN ${tableName(table)} t ON ${matchesKey("t", "u.row_key", table)}
     WHERE ${range} AND NOT (${liveDigest("t", columns)} <=> ${imageDigest("u.before_image")}) LIMIT 1`,
    params,
  );
  if (bent.count > 0) throw notRestored(qualifiedName(table));
}

export function notRestored(table: string): RunbackError {
  return new RunbackError("ROW_NOT_RESTORED", `A row of ${table} does not take back the values it had.`, {
    recovery:
      "This step was not written. The server changes a value that is put back (a trigger created since, or an ENUM that held its error value): restore a snapshot taken before the run, or leave the row with --on-conflict skip after changing it.",
    exit: 1,
    status: 409,
  });
}

/** Foreign key, unique, check, not null: SQLSTATE class 23. */
export function isConstraint(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith("23");
}

function refusedByConstraint(cause: unknown): RunbackError {
  const name = (cause as { constraint?: string }).constraint ?? "of the target";
  return constraintMeanwhile(name, cause);
}
