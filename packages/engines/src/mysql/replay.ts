import {
  type Connection,
  qualifiedName,
  RunbackError,
  sameTable,
  type UndoCursor,
  type UndoProgress,
  type UndoRequest,
} from "@runback/core";
import { constraintRefused } from "../shared/constraint-refused.ts";
import { id, table as tableName } from "./dialect.ts";
import { type Layout, plannedLayouts } from "./layout.ts";
import { isConstraint, notRestored, revert } from "./revert.ts";
import { fromImage, imageDigest, liveDigest, matchesKey } from "./row-image.ts";
import { runNumber } from "./run-number.ts";

/**
 * Takes a run back row by row in reverse: slower than the net order, but constraints are checked row by row here, so every
 * state it passes was a valid state of the database before. Unique values that were passed on, changed keys and rows that
 * reference each other come back. Rows that are conflicts are left out; what `force` does to them follows in net order.
 */
export async function replay(
  tx: Connection,
  request: UndoRequest,
  cursor: UndoCursor,
  limit: number,
): Promise<UndoProgress> {
  if (cursor.phase > 0) return await afterReplay(tx, request, cursor, limit);
  const run = await runNumber(tx, request.runId);
  const layouts = await plannedLayouts(tx, request.rollbackRunId, request.catalog.tables);
  const entries = await tx.query<Entry>(
    `SELECT j.ord, j.layout, j.row_key AS rowKey, j.before_image AS \`before\`, hex(j.after_digest) AS \`after\`
     FROM runback_journal j
     JOIN runback_undo_rows u ON u.plan = $1 AND u.layout = j.layout AND u.row_key = j.row_key
       AND (u.act = 'pass' OR u.act <> 'none' AND u.class = 'reverted')
     WHERE j.run = $2 AND ($3 = 0 OR j.ord < $3) ORDER BY j.ord DESC LIMIT ${Math.trunc(limit)}`,
    [request.rollbackRunId, run, BigInt(cursor.seq).toString()],
  );
  for (const entry of entries.rows) {
    const layout = layouts.find((each) => each.num === entry.layout)!;
    try {
      await reverseRow(tx, layout, entry);
    } catch (cause) {
      throw isConstraint(cause) ? constraintRefused((cause as { constraint?: string }).constraint, cause) : cause;
    }
  }
  const last = entries.rows.at(-1);
  if (entries.rows.length < limit || last === undefined)
    return { cursor: { phase: 1, seq: "0" }, rows: entries.rows.length, done: false };
  return { cursor: { phase: 0, seq: last.ord }, rows: entries.rows.length, done: false };
}

interface Entry {
  readonly ord: string;
  readonly layout: number;
  readonly rowKey: string;
  /** Null when the row came with this change. */
  readonly before: string | null;
  /** Hexadecimal; null when the row went with this change. */
  readonly after: string | null;
}

/** The entry travels: a statement whose triggers write the journal may not read it. */
const entryRow = "(SELECT $1 AS row_key, $2 AS before_image, unhex($3) AS after_digest) j";

async function reverseRow(tx: Connection, layout: Layout, { rowKey, before, after }: Entry): Promise<void> {
  const { table, columns } = layout;
  const name = tableName(table);
  const live = `${matchesKey("t", "j.row_key", table)} AND ${liveDigest("t", columns)} <=> j.after_digest`;
  const params = [rowKey, before, after];
  let done: { count: number };
  if (before === null) {
    const freed = await freeOfItself(tx, layout, live, params);
    const which = freed ? matchesKey("t", "j.row_key", table) : live;
    done = await tx.query(`DELETE t FROM ${entryRow} STRAIGHT_JOIN ${name} t WHERE ${which}`, params);
  } else if (after === null) {
    done = await tx.query(
      `INSERT INTO ${name} (${columns.map((column) => id(column.name)).join(", ")})
       SELECT ${columns.map((column, index) => fromImage("j.before_image", index, column)).join(", ")} FROM ${entryRow}`,
      params,
    );
  } else {
    const set = columns
      .map((column, index) => [column, index] as const)
      .filter(([column]) => !table.primaryKey.includes(column.name))
      .map(([column, index]) => `t.${id(column.name)} = ${fromImage("j.before_image", index, column)}`);
    done = await tx.query(`UPDATE ${entryRow} STRAIGHT_JOIN ${name} t SET ${set.join(", ")} WHERE ${live}`, params);
  }
  if (done.count !== 1) {
    throw new RunbackError(
      "CHANGED_MEANWHILE",
      `A row of ${qualifiedName(table)} changed between the plan and this step.`,
      {
        recovery:
          "This step was not written; earlier steps of this rollback are committed. Plan again with `runback rollback <run-id> --plan`: rows already taken back show as `already`.",
        exit: 1,
        status: 409,
      },
    );
  }
  if (before === null) return;
  const bent = await tx.query(
    `SELECT 1 FROM ${entryRow} LEFT JOIN ${name} t ON ${matchesKey("t", "j.row_key", table)}
     WHERE NOT (${liveDigest("t", columns)} <=> ${imageDigest("j.before_image")})`,
    params,
  );
  if (bent.count > 0) throw notRestored(qualifiedName(table));
}

/**
 * The server refuses to delete a row that references itself: such a reference is set to NULL first, where it may be. The
 * row is locked from then on.
 */
async function freeOfItself(
  tx: Connection,
  { table }: Layout,
  live: string,
  params: readonly (string | null)[],
): Promise<boolean> {
  for (const key of table.foreignKeys.filter((each) => sameTable(each.references, table))) {
    const free = key.columns.find(
      (name) =>
        !table.primaryKey.includes(name) && table.columns.some((column) => column.name === name && column.nullable),
    );
    if (free === undefined) continue;
    const itself = key.columns.map((name, at) => `t.${id(name)} = t.${id(key.referencedColumns[at]!)}`).join(" AND ");
    const { count } = await tx.query(
      `UPDATE ${entryRow} STRAIGHT_JOIN ${tableName(table)} t SET t.${id(free)} = NULL WHERE ${live} AND ${itself}`,
      params,
    );
    if (count === 1) return true;
  }
  return false;
}

/** Marks replayed rows as done, then lets the net order handle what `force` added. */
async function afterReplay(
  tx: Connection,
  request: UndoRequest,
  cursor: UndoCursor,
  limit: number,
): Promise<UndoProgress> {
  if (cursor.phase === 1) {
    await tx.query("UPDATE runback_undo_rows SET act = 'none' WHERE plan = $1 AND class = 'reverted'", [
      request.rollbackRunId,
    ]);
  }
  const progress = await revert(tx, request, { phase: Math.max(0, cursor.phase - 2), seq: cursor.seq }, limit);
  return { ...progress, cursor: { phase: progress.cursor.phase + 2, seq: progress.cursor.seq } };
}
