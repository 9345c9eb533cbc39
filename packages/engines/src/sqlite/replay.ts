import {
  type Connection,
  changedMeanwhile,
  qualifiedName,
  type UndoCursor,
  type UndoProgress,
  type UndoRequest,
} from "@runback/core";
import { constraintRefused } from "../shared/constraint-refused.ts";
import { staysAwake } from "../shared/stays-awake.ts";
import { id } from "./dialect.ts";
import { captureFirst } from "./enroll.ts";
import { type Layout, layoutsOf } from "./layout.ts";
import { isConstraint } from "./plain-error.ts";
import { type Circle, type Entry, type EntryKind, type Reversal, reversalOf } from "./reverse-row.ts";
import { entryKey, hasRow } from "./row-image.ts";
import { runNumber } from "./run-number.ts";

/** Entries read at once. */
const entriesRead = 2_000;

/**
 * Takes back the next rows of a plan, the last changed first: as wholes, or, where the plan asks for a replay, change by
 * change. Row triggers saw the changes one at a time, and SQLite checks uniqueness one row at a time, so every state on the
 * way back was a state on the way there. A row that a foreign key refuses waits for those before it. Rows that are
 * conflicts are left out; what `force` does to them comes last.
 *
 * A statement a row is not what the house does elsewhere. Here it is a call into this process, and no round trip.
 */
export async function replay(
  tx: Connection,
  request: UndoRequest,
  cursor: UndoCursor,
  limit: number,
): Promise<UndoProgress> {
  const run = await runNumber(tx, request.runId);
  const layouts = await layoutsOf(tx, run, request.catalog.tables);
  const reversals = new Map(layouts.map((layout) => [layout.num, reversalOf(layout, layouts, request.catalog.tables)]));
  return await withoutUserTriggers(tx, layouts, async () => {
    const step = new Step(tx, reversals);
    const deferred = await deferredTables(tx, layouts);
    const dangling = await violations(tx, deferred);
    const byStatement = request.replay === true && cursor.phase === 0;
    let before = cursor.seq === "0" ? null : cursor.seq;
    const entries = byStatement
      ? backwards(tx, request, run, layouts, before)
      : netRows(tx, request, before, request.replay === true);
    for await (const entry of entries) {
      if (step.rows >= limit && (await step.settle()) && (await violations(tx, deferred)) <= dangling)
        return { cursor: { phase: cursor.phase, seq: before ?? "0" }, rows: step.rows, done: false };
      if (entry.planned) await step.take(entry);
      before = String(entry.place);
    }
    if (!(await step.settle())) await settleCircles(tx, step, request.rollbackRunId);
    step.refuseWaiting(request);
    if ((await violations(tx, deferred)) > dangling) throw constraintRefused("a deferred foreign key", undefined);
    return { cursor: { phase: cursor.phase + 1, seq: "0" }, rows: step.rows, done: !byStatement };
  });
}

interface Planned extends Entry {
  readonly planned: boolean;
  /** Where the next step goes on. */
  readonly place: number;
}

/** The changes of one step, and those of them that wait for others. */
class Step {
  rows = 0;
  circle: Circle | null = null;
  readonly #tx: Connection;
  readonly #reversals: ReadonlyMap<number, Reversal>;
  #waiting: { entry: Entry; cause: unknown }[] = [];
  #since = 0;

  constructor(tx: Connection, reversals: ReadonlyMap<number, Reversal>) {
    this.#tx = tx;
    this.#reversals = reversals;
  }

  async take(entry: Entry): Promise<void> {
    const cause = await this.#attempt(entry);
    if (cause !== undefined) this.#waiting.push({ entry, cause });
    // Not after each one: what waits is tried again once as much has happened as it would cost.
    else if (this.#waiting.length > 0 && ++this.#since >= this.#waiting.length) await this.settle();
  }

  /** Tries what waits until nothing moves; true when nothing waits any more. */
  async settle(): Promise<boolean> {
    this.#since = 0;
    for (let before = Number.POSITIVE_INFINITY; this.#waiting.length > 0 && this.#waiting.length < before; ) {
      before = this.#waiting.length;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { entry } of waiting) {
        const cause = await this.#attempt(entry);
        if (cause !== undefined) this.#waiting.push({ entry, cause });
      }
    }
    return this.#waiting.length === 0;
  }

  /** Puts what waits now back into waiting, when called. */
  remember(): () => void {
    const waiting = this.#waiting;
    return () => {
      this.#waiting = waiting;
    };
  }

  refuseWaiting({ replay: byPlan }: UndoRequest): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    if (byPlan && isConstraint(first.cause))
      throw constraintRefused((first.cause as { constraint?: string }).constraint, first.cause);
    const table = qualifiedName(this.#reversals.get(first.entry.layout)!.layout.table);
    throw changedMeanwhile(table, this.#waiting.length, first.cause);
  }

  async #attempt(entry: Entry): Promise<unknown> {
    try {
      const outcome = await this.#reversals.get(entry.layout)!.reverse(this.#tx, entry, this.circle);
      if (outcome === "waits") return new Error("the row is not as the run left it");
      this.rows += outcome;
      return undefined;
    } catch (cause) {
      if (!isConstraint(cause)) throw cause;
      return cause;
    }
  }
}

/** The run's entries, last first, with whether the plan takes their row back. */
async function* backwards(
  tx: Connection,
  request: UndoRequest,
  run: number,
  layouts: readonly Layout[],
  from: string | null,
): AsyncGenerator<Planned> {
  const planned = (digest: string, num: number) =>
    `EXISTS (SELECT 1 FROM runback_undo_rows u WHERE u.plan = $1 AND u.layout = ${num} AND u.key = ${digest}
      AND (u.act = 'pass' OR u.act <> 'none' AND u.class = 'reverted'))`;
  const selects = layouts.map(({ num, table, columns }) => {
    const key = `runback_row(${entryKey("j", table, columns).join(", ")})`;
    return `SELECT j.ord AS ord, ${num} AS layout,
        CASE WHEN k.come IS NOT NULL THEN 'come' WHEN g.gone IS NOT NULL THEN 'gone' WHEN NOT (${hasRow("j", "b", table, columns)}) THEN 'remove'
          WHEN NOT (${hasRow("j", "a", table, columns)}) THEN 'restore' ELSE 'update' END AS kind, ${planned(key, num)} AS planned
      FROM runback_journal j LEFT JOIN runback_key_changes k ON k.gone = j.ord - 1 AND k.come = j.ord
      LEFT JOIN runback_key_changes g ON g.gone = j.ord
      WHERE j.run = ${run} AND j.layout = ${num} AND ($2 IS NULL OR j.ord < CAST($2 AS INTEGER))`;
  });
  if (selects.length === 0) return;
  let moved = false;
  for (let last = from; ; ) {
    const page = await tx.query<{ ord: number; layout: number; kind: EntryKind | "come"; planned: number }>(
      `${selects.join(" UNION ALL ")} ORDER BY ord DESC LIMIT ${entriesRead}`,
      [request.rollbackRunId, last],
    );
    for (const { ord, layout, kind, planned: isPlanned } of page.rows) {
      // The two halves of a changed key: the later one comes first here, and the step must not end between them.
      if (kind === "come") moved = isPlanned === 1;
      else {
        const whole = kind !== "gone" || moved;
        yield { ord, layout, kind, planned: isPlanned === 1 && whole, place: ord };
      }
    }
    if (page.rows.length < entriesRead) return;
    last = String(page.rows.at(-1)!.ord);
  }
}

/**
 * Rows of the plan as wholes, straight from how they are to how they were before the run; the last changed first.
 *
 * @param beside only what `force` adds to a replay: rows edited or deleted since
 */
async function* netRows(
  tx: Connection,
  request: UndoRequest,
  from: string | null,
  beside: boolean,
): AsyncGenerator<Planned> {
  for (let last = from; ; ) {
    const page = await tx.query<{ seq: number; layout: number; act: string; last: number }>(
      `SELECT seq, layout, act, last FROM runback_undo_rows
       WHERE plan = $1 AND act IN ('insert', 'update', 'delete') ${beside ? "AND class <> 'reverted'" : ""}
         AND ($2 IS NULL OR last < CAST($2 AS INTEGER)) ORDER BY last DESC LIMIT ${entriesRead}`,
      [request.rollbackRunId, last],
    );
    for (const row of page.rows)
      yield { ord: row.seq, layout: row.layout, kind: `net-${row.act}` as EntryKind, planned: true, place: row.last };
    if (page.rows.length < entriesRead) return;
    last = String(page.rows.at(-1)!.last);
  }
}

/**
 * Users' triggers stay silent while rows are put back: what they wrote during the run was journaled and is taken back
 * itself. SQLite cannot switch a trigger off, so they are dropped and made again from their own text, in the same transaction.
 */
async function withoutUserTriggers<T>(tx: Connection, layouts: readonly Layout[], work: () => Promise<T>): Promise<T> {
  const names = layouts.flatMap((layout) =>
    layout.table.userTriggers.map(({ name }) => name).filter((name) => !staysAwake(name, layout)),
  );
  const texts: string[] = [];
  for (const name of names) {
    const found = await tx.query<{ sql: string }>(
      "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = $1",
      [name],
    );
    texts.push(...found.rows.map((row) => row.sql));
    await tx.query(`DROP TRIGGER IF EXISTS ${id(name)}`);
  }
  const result = await work();
  for (const text of texts) await tx.script(text);
  await captureFirst(tx);
  return result;
}

/** Tables with a foreign key that may be checked only at the commit; the catalog does not say which. */
async function deferredTables(tx: Connection, layouts: readonly Layout[]): Promise<string[]> {
  const found = await tx.query<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%DEFERR%'",
  );
  const deferred = new Set(found.rows.map((row) => row.name));
  return layouts.map(({ table }) => table.name).filter((name) => deferred.has(name));
}

/**
 * Rows that reference each other in a circle come back only together: foreign keys are checked at the commit from here on,
 * and once before it, so that what fails has a name.
 */
async function settleCircles(tx: Connection, step: Step, plan: string): Promise<void> {
  const refuseAlone = step.remember();
  await tx.script("PRAGMA defer_foreign_keys = 1");
  step.circle = { plan };
  await step.settle();
  const dangling = await tx.query("SELECT 1 FROM pragma_foreign_key_check LIMIT 1");
  if (dangling.count > 0) refuseAlone();
}

/** References that lead nowhere: a step that ended with more than it began with could not commit. */
async function violations(tx: Connection, tables: readonly string[]): Promise<number> {
  let rows = 0;
  for (const name of tables) {
    const found = await tx.query<{ n: number }>("SELECT count(*) AS n FROM pragma_foreign_key_check($1)", [name]);
    rows += found.rows[0]!.n;
  }
  return rows;
}
