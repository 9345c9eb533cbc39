import type { Connection, JournalPort, UndoRequest } from "@runback/core";
import { change } from "./change.ts";
import { id, table as tableName } from "./dialect.ts";
import { differing } from "./differing.ts";
import { beginJournal, enroll, renew } from "./enroll.ts";
import { fill } from "./fill.ts";
import { layoutsOf } from "./layout.ts";
import { planUndo } from "./plan-undo.ts";
import { replay } from "./replay.ts";
import { entryKey, hasRow, imageValues, keyColumns, liveValues, matchesKey, sameValues } from "./row-image.ts";
import { closeWindow, openWindow } from "./run-marker.ts";
import { runNumber } from "./run-number.ts";

export const journal: JournalPort = {
  enroll,
  renew,
  begin: beginJournal,
  openWindow,
  closeWindow,
  fill,
  change,
  plan: planUndo,
  revert: replay,
  remaining,
  differing,
  rows,
  forget: async (tx, rollbackRunId) => {
    await tx.query("DELETE FROM runback_undo_rows WHERE plan = $1", [rollbackRunId]);
  },
};

/** Distinct keys, by the layouts as they were written: tables that are gone since count too. */
async function rows(connection: Connection, runId: string): Promise<number> {
  const layouts = await connection.query<{ num: number; columns: string; key: string }>(
    `SELECT num, columns, key FROM runback_layouts WHERE num IN (SELECT DISTINCT layout FROM runback_journal
       WHERE run = (SELECT num FROM runback_runs WHERE run_id = $1))`,
    [runId],
  );
  let total = 0;
  for (const layout of layouts.rows) {
    const columns = (JSON.parse(layout.columns) as { name: string }[]).map(({ name }) => name);
    const key = (JSON.parse(layout.key) as string[]).map((name) => columns.indexOf(name));
    const values = key.map((at) => `coalesce(b${at}, a${at})`);
    const counted = await connection.query<{ n: number }>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM runback_journal
       WHERE run = (SELECT num FROM runback_runs WHERE run_id = $1) AND layout = ${layout.num}
       GROUP BY ${values.map((value) => `typeof(${value}), ${value}`).join(", ")})`,
      [runId],
    );
    total += counted.rows[0]!.n;
  }
  return total;
}

/** Compares every row the plan took back with its before-image: the rollback's own verification. */
async function remaining(tx: Connection, request: UndoRequest): Promise<number> {
  const run = await runNumber(tx, request.runId);
  let count = 0;
  for (const { num, table, columns } of await layoutsOf(tx, run, request.catalog.tables)) {
    const there = `t.${id(keyColumns(table)[0]!.name)} IS NOT NULL`;
    const had = hasRow("f", "b", table, columns);
    const different = await tx.query<{ n: number }>(
      `SELECT count(*) AS n FROM runback_undo_rows u JOIN runback_journal f ON f.ord = u.first
       LEFT JOIN ${tableName(table)} t ON ${matchesKey("t", entryKey("f", table, columns), table)}
       WHERE u.plan = $1 AND u.layout = ${num} AND u.class = 'reverted'
         AND NOT ((${had}) = (${there}) AND (NOT (${had}) OR ${sameValues(liveValues("t", columns), imageValues("f", "b", columns))}))`,
      [request.rollbackRunId],
    );
    count += different.rows[0]!.n;
  }
  return count;
}
