import { type Connection, foreignKeyOrder, type UndoCursor, type UndoProgress, type UndoRequest } from "@runback/core";
import { constraintRefused } from "../shared/constraint-refused.ts";
import { type Layout, plannedLayouts } from "./layout.ts";
import { reverseRowByRow, reverseStatement } from "./reverse-statement.ts";
import { isConstraint, revert, withoutUserTriggers } from "./revert.ts";
import { runNumber } from "./run-number.ts";
import { useExactText } from "./session.ts";

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
  const layouts = await plannedLayouts(tx, request.rollbackRunId, request.catalog.tables);
  const { order } = foreignKeyOrder(layouts.map((layout) => layout.table));
  const parentsFirst = order.map((table) => layouts.find((layout) => layout.table === table)!);
  let before = cursor.seq === "0" ? null : cursor.seq;
  let rows = 0;
  let ended = false;
  await withoutUserTriggers(tx, layouts, async () => {
    await tx.query("SET CONSTRAINTS ALL DEFERRED");
    let waiting: Waiting[] = [];
    let holds = true;
    const statements = statementsBackwards(tx, run, before);
    while (rows < limit || waiting.length > 0 || !holds) {
      const next = await statements.next();
      if (next.done) {
        const cause = waiting[0]?.cause ?? (await pendingRefusal(tx));
        if (cause !== undefined) throw constraintRefused(constraintOf(cause), cause);
        ended = true;
        return;
      }
      const { ord, layouts: written } = next.value;
      before = ord;
      // The new ones first: what waits, waits for them. A cascade has the number of the statement that caused it, and
      // parents come first: restored before its cause, its effect would be cascaded away again.
      const groups = parentsFirst
        .filter((layout) => written.includes(layout.num))
        .map(({ num }) => ({ ord, layout: num }));
      let pending: Waiting[] = [...groups.map((group) => ({ group, cause: undefined })), ...waiting];
      do {
        waiting = pending;
        pending = [];
        for (const { group } of waiting) {
          const outcome = await attempt(tx, request, run, group, layouts);
          if (typeof outcome === "number") rows += outcome;
          else pending.push({ group, cause: outcome.cause });
        }
      } while (pending.length > 0 && pending.length < waiting.length);
      waiting = pending;
      // A step may end only where deferred constraints hold too.
      holds = rows < limit || waiting.length > 0 || (await pendingRefusal(tx)) === undefined;
    }
  });
  if (ended) return { cursor: { phase: 1, seq: "0" }, rows, done: false };
  return { cursor: { phase: 0, seq: before ?? "0" }, rows, done: false };
}

interface Waiting {
  readonly group: Group;
  readonly cause: unknown;
}

/** Checks deferred constraints now; what one of them refuses is undone by the savepoint, so they stay deferred. */
async function pendingRefusal(tx: Connection): Promise<unknown> {
  try {
    await tx.savepoint((inner) => inner.query("SET CONSTRAINTS ALL IMMEDIATE"));
    return undefined;
  } catch (cause) {
    if (!isConstraint(cause)) throw cause;
    return cause;
  }
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

interface Statement {
  readonly ord: string;
  /** Tables it wrote; one statement with several parts may write several. */
  readonly layouts: readonly number[];
}

/** Statements read at once: each read passes over the whole journal of the run. */
const statementsRead = 5_000;

/** The run's statements, last first. */
async function* statementsBackwards(tx: Connection, run: number, before: string | null): AsyncGenerator<Statement> {
  for (let last = before; ; ) {
    const found = await tx.query<Statement>(
      `SELECT ord::text AS ord, to_json(array_agg(DISTINCT layout)) AS layouts
       FROM runback.journal j WHERE run = $1::int AND ($2::bigint IS NULL OR j.ord < $2::bigint)
       GROUP BY j.ord ORDER BY j.ord DESC LIMIT ${statementsRead}`,
      [run, last],
    );
    yield* found.rows;
    if (found.rows.length < statementsRead) return;
    last = found.rows.at(-1)!.ord;
  }
}

async function attempt(
  tx: Connection,
  request: UndoRequest,
  run: number,
  group: Group,
  layouts: readonly Layout[],
): Promise<number | { cause: unknown }> {
  const layout = layouts.find((each) => each.num === group.layout)!;
  const params = [request.rollbackRunId, run, group.ord] as const;
  try {
    return await tx.savepoint((inner) => reverseStatement(inner, layout, params));
  } catch (cause) {
    if (!isConstraint(cause)) throw cause;
    if (!passedOn(cause)) return { cause };
  }
  try {
    return await tx.savepoint((inner) => reverseRowByRow(inner, layout, params));
  } catch (cause) {
    if (!isConstraint(cause)) throw cause;
    return { cause };
  }
}

/** Unique or exclusion: the server checks it row by row, so one statement's rows may collide on their way. */
function passedOn(cause: unknown): boolean {
  return ["23505", "23P01"].includes(String((cause as { code?: unknown }).code));
}

function constraintOf(cause: unknown): string | undefined {
  const { constraint_name: name, constraint } = cause as { constraint_name?: string; constraint?: string };
  return name ?? constraint;
}
