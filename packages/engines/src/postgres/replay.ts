import { type Connection, RunbackError, type UndoCursor, type UndoProgress, type UndoRequest } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { type Layout, layoutsOf } from "./layout.ts";
import { revert, withoutUserTriggers } from "./revert.ts";
import { fromImage, liveDigest, matchesKey } from "./row-image.ts";
import { runNumber } from "./run-number.ts";
import { useExactText } from "./session.ts";

/** A constraint that refuses a statement now may hold after the next one: foreign key, unique, check, exclusion, not null. */
const constraintCodes = new Set(["23503", "23505", "23514", "23P01", "23502"]);

interface Group {
  ord: string;
  layout: number;
}

/**
 * Takes a run back statement by statement in reverse: slower than the net order, but every state it passes was a valid
 * state of the database before, so unique values that were passed on, changed keys and circles of references come back.
 * A statement a constraint refuses waits for those before it (a cascade's effects come back with their cause).
 * Rows that are conflicts are left out; what `force` does to them follows in net order.
 */
export async function replay(
  tx: Connection,
  request: UndoRequest,
  cursor: UndoCursor,
  limit: number,
): Promise<UndoProgress> {
  if (cursor.phase > 0) return afterReplay(tx, request, cursor, limit);
  await tx.query(useExactText);
  const run = await runNumber(tx, request.runId);
  const layouts = await layoutsOf(tx, run, request.catalog.tables);
  let before = cursor.seq === "0" ? null : cursor.seq;
  let waiting: { group: Group; cause: unknown }[] = [];
  let rows = 0;
  while (rows < limit || waiting.length > 0) {
    const group = await nextGroup(tx, run, before);
    if (group === undefined) {
      if (waiting.length > 0) throw refused(waiting[0]!.cause);
      return { cursor: { phase: 1, seq: "0" }, rows, done: false };
    }
    before = group.ord;
    for (const each of await groupsAt(tx, run, group.ord)) {
      const outcome = await attempt(tx, request, run, each, layouts);
      if (typeof outcome === "number") rows += outcome;
      else waiting.push({ group: each, cause: outcome.cause });
    }
    const still: typeof waiting = [];
    for (const each of waiting) {
      const outcome = await attempt(tx, request, run, each.group, layouts);
      if (typeof outcome === "number") rows += outcome;
      else still.push(each);
    }
    waiting = still;
  }
  return { cursor: { phase: 0, seq: before ?? "0" }, rows, done: false };
}

/** Marks replayed rows as done, then lets the net order handle what `force` added. */
async function afterReplay(
  tx: Connection,
  request: UndoRequest,
  cursor: UndoCursor,
  limit: number,
): Promise<UndoProgress> {
  if (cursor.phase === 1) {
    await tx.query("UPDATE runback.undo_rows SET act = 'none' WHERE plan = $1 AND class = 'reverted'", [
      request.rollbackRunId,
    ]);
  }
  const progress = await revert(tx, request, { phase: Math.max(0, cursor.phase - 2), seq: cursor.seq }, limit);
  return { ...progress, cursor: { phase: progress.cursor.phase + 2, seq: progress.cursor.seq } };
}

async function nextGroup(tx: Connection, run: number, before: string | null): Promise<Group | undefined> {
  const found = await tx.query<Group>(
    `SELECT ord::text AS ord, layout FROM runback.journal WHERE run = $1::int AND ($2::bigint IS NULL OR ord < $2::bigint)
     ORDER BY ord DESC LIMIT 1`,
    [run, before],
  );
  return found.rows[0];
}

async function groupsAt(tx: Connection, run: number, ord: string): Promise<Group[]> {
  const found = await tx.query<Group>(
    "SELECT DISTINCT ord::text AS ord, layout FROM runback.journal WHERE run = $1::int AND ord = $2::bigint ORDER BY layout DESC",
    [run, ord],
  );
  return found.rows;
}

async function attempt(
  tx: Connection,
  request: UndoRequest,
  run: number,
  group: Group,
  layouts: readonly Layout[],
): Promise<number | { cause: unknown }> {
  const layout = layouts.find((each) => each.num === group.layout)!;
  try {
    return await tx.savepoint(async (inner) => {
      let rows = 0;
      await withoutUserTriggers(inner, layout, async () => {
        for (const statement of reverseStatements(layout)) {
          rows += (await inner.query(statement, [request.rollbackRunId, run, group.ord])).count;
        }
      });
      return rows;
    });
  } catch (cause) {
    if (!constraintCodes.has(String((cause as { code?: unknown }).code))) throw cause;
    return { cause };
  }
}

/** Changed keys first (so that cascades follow them back), then deletions, restored rows, and changed values. */
function reverseStatements({ num, table, columns }: Layout): string[] {
  const name = tableName(table);
  const entries = (alias: string) =>
    `${alias}.run = $2::int AND ${alias}.layout = ${num} AND ${alias}.ord = $3::bigint`;
  const planned = (key: string) =>
    `EXISTS (SELECT FROM runback.undo_rows u WHERE u.plan = $1 AND u.layout = ${num} AND (u.act = 'pass' OR u.act <> 'none' AND u.class = 'reverted') AND u.key = ${key})`;
  const value = (index: number) => fromImage("j.before", index, columns[index]!);
  const settable = columns
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => column.identity !== "always");
  const set = settable.map(({ column, index }) => `${id(column.name)} = ${value(index)}`).join(", ");
  const live = liveDigest("t", columns);
  const paired = (side: "old_key" | "new_key") =>
    `EXISTS (SELECT FROM runback.key_changes k WHERE ${entries("k")} AND k.${side} = j.key)`;
  return [
    `UPDATE ${name} t SET ${set} FROM runback.key_changes k
       JOIN runback.journal j ON ${entries("j")} AND j.key = k.old_key AND j.after IS NULL
       JOIN runback.journal n ON ${entries("n")} AND n.key = k.new_key AND n.before IS NULL
     WHERE ${entries("k")} AND ${planned("k.old_key")} AND ${matchesKey("t", "k.new_key", table)} AND ${live} = n.after`,
    `DELETE FROM ${name} t USING runback.journal j
     WHERE ${entries("j")} AND j.before IS NULL AND ${planned("j.key")} AND NOT ${paired("new_key")}
       AND ${matchesKey("t", "j.key", table)} AND ${live} = j.after`,
    `INSERT INTO ${name} (${columns.map((column) => id(column.name)).join(", ")}) OVERRIDING SYSTEM VALUE
     SELECT ${columns.map((_, index) => value(index)).join(", ")} FROM runback.journal j
     WHERE ${entries("j")} AND j.after IS NULL AND ${planned("j.key")} AND NOT ${paired("old_key")}
       AND NOT EXISTS (SELECT FROM ${name} t WHERE ${matchesKey("t", "j.key", table)})`,
    `UPDATE ${name} t SET ${settable
      .filter(({ column }) => !table.primaryKey.includes(column.name))
      .map(({ column, index }) => `${id(column.name)} = ${value(index)}`)
      .concat(
        settable.every(({ column }) => table.primaryKey.includes(column.name))
          ? [`${id(table.primaryKey[0]!)} = t.${id(table.primaryKey[0]!)}`]
          : [],
      )
      .join(", ")}
     FROM runback.journal j
     WHERE ${entries("j")} AND j.before IS NOT NULL AND j.after IS NOT NULL AND ${planned("j.key")}
       AND ${matchesKey("t", "j.key", table)} AND ${live} = j.after`,
  ];
}

function refused(cause: unknown): RunbackError {
  const constraint =
    (cause as { constraint_name?: string; constraint?: string }).constraint_name ??
    (cause as { constraint?: string }).constraint;
  return new RunbackError(
    "CONSTRAINT_REFUSED",
    `Constraint ${constraint ?? "of the target"} refuses the state before the run.`,
    {
      recovery:
        "This step was not written. The constraint was added or rows it concerns were written since the run: resolve those, then plan again.",
      exit: 1,
      status: 409,
      cause,
    },
  );
}
