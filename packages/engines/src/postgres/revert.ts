import {
  type Connection,
  foreignKeyOrder,
  qualifiedName,
  RunbackError,
  sameTable,
  type UndoCursor,
  type UndoProgress,
  type UndoRequest,
} from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { type Layout, layoutsOf } from "./layout.ts";
import { fromImage, liveDigest, matchesKey } from "./row-image.ts";
import { runNumber } from "./run-number.ts";
import { useExactText } from "./session.ts";

type Act = "insert" | "update" | "delete";

/** Restored rows come parents first, then changed ones, then deletions children first: every foreign key holds throughout. */
function phases(layouts: readonly Layout[]): { act: Act; layout: Layout }[] {
  const { order } = foreignKeyOrder(layouts.map((layout) => layout.table));
  const parentsFirst = order.map((table) => layouts.find((layout) => layout.table === table)!);
  const each = (act: Act, list: readonly Layout[]) => list.map((layout) => ({ act, layout }));
  return [
    ...each("insert", parentsFirst),
    ...each("update", parentsFirst),
    ...each("delete", parentsFirst.toReversed()),
  ];
}

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
  await tx.query(useExactText);
  const run = await runNumber(tx, request.runId);
  const layouts = await layoutsOf(tx, run, request.catalog.tables);
  const list = phases(layouts);
  let { phase, seq } = cursor;
  let rows = 0;
  while (phase < list.length && rows < limit) {
    const { act, layout } = list[phase]!;
    const chunk = await tx.query<{ last: string | null; rows: number }>(
      `SELECT max(seq)::text AS last, count(*)::int AS rows FROM (
         SELECT seq FROM runback.undo_rows WHERE plan = $1 AND act = $2 AND layout = $3::int AND seq > $4::bigint
         ORDER BY seq LIMIT $5::int) c`,
      [request.rollbackRunId, act, layout.num, seq, limit - rows],
    );
    const { last, rows: size } = chunk.rows[0]!;
    if (last === null) {
      phase += 1;
      seq = "0";
      continue;
    }
    await withoutUserTriggers(tx, layout, () => apply(tx, request, act, layout, seq, last, size));
    rows += size;
    seq = last;
  }
  return { cursor: { phase, seq }, rows, done: phase >= list.length };
}

async function apply(
  tx: Connection,
  request: UndoRequest,
  act: Act,
  layout: Layout,
  from: string,
  to: string,
  size: number,
): Promise<void> {
  const range = `u.plan = $1 AND u.act = '${act}' AND u.layout = ${layout.num} AND u.seq > $2::bigint AND u.seq <= $3::bigint`;
  const params = [request.rollbackRunId, from, to];
  if (act === "delete") await refuseNewReferences(tx, request, layout, range, params);
  const done = await tx.query(statements[act](layout, range), params);
  if (done.count !== size) throw changedMeanwhile(qualifiedName(layout.table), size - done.count);
}

const statements: Record<Act, (layout: Layout, range: string) => string> = {
  insert: ({ table, columns }, range) => `
    INSERT INTO ${tableName(table)} (${columns.map((column) => id(column.name)).join(", ")}) OVERRIDING SYSTEM VALUE
    SELECT ${columns.map((column, index) => fromImage("u.before", index, column)).join(", ")}
    FROM runback.undo_rows u WHERE ${range} ORDER BY u.seq`,
  update: ({ table, columns }, range) => {
    const set = columns
      .map((column, index) => [column, index] as const)
      .filter(([column]) => !table.primaryKey.includes(column.name) && column.identity !== "always")
      .map(([column, index]) => `${id(column.name)} = ${fromImage("u.before", index, column)}`);
    return `UPDATE ${tableName(table)} t SET ${set.join(", ")}
      FROM runback.undo_rows u WHERE ${range} AND ${matchesKey("t", "u.key", table)} AND ${liveDigest("t", columns)} = u.guard`;
  },
  delete: ({ table, columns }, range) => `
    DELETE FROM ${tableName(table)} t USING runback.undo_rows u
    WHERE ${range} AND ${matchesKey("t", "u.key", table)} AND ${liveDigest("t", columns)} = u.guard`,
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
       ON ${key.columns.map((name, at) => `c.${id(name)} = p.${id(key.referencedColumns[at]!)}`).join(" AND ")}
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
 * transaction; other sessions never see it.
 */
export async function withoutUserTriggers(tx: Connection, { table }: Layout, work: () => Promise<void>): Promise<void> {
  const modes = { O: "ENABLE", R: "ENABLE REPLICA", A: "ENABLE ALWAYS" } as const;
  for (const trigger of table.userTriggers) {
    await tx.query(`ALTER TABLE ${tableName(table)} DISABLE TRIGGER ${id(trigger.name)}`);
  }
  await work();
  // ALTER TABLE refuses to run while deferred constraint checks of the table are pending.
  if (table.userTriggers.length > 0) await tx.query("SET CONSTRAINTS ALL IMMEDIATE");
  for (const trigger of table.userTriggers) {
    await tx.query(`ALTER TABLE ${tableName(table)} ${modes[trigger.mode]} TRIGGER ${id(trigger.name)}`);
  }
}

export function changedMeanwhile(table: string, rows: number): RunbackError {
  return new RunbackError("CHANGED_MEANWHILE", `${rows} row(s) of ${table} changed between the plan and this step.`, {
    recovery:
      "This step was not written; earlier steps of this rollback are committed. Plan again with `runback rollback <run-id> --plan`: rows already taken back show as `already`.",
    exit: 1,
    status: 409,
  });
}
