import type { Connection, JournalPort, UndoRequest } from "@runback/core";
import { lacksColumns } from "../shared/stays-awake.ts";
import { change } from "./change.ts";
import { id, table as tableName } from "./dialect.ts";
import { differing } from "./differing.ts";
import { beginJournal, enroll, renew } from "./enroll.ts";
import { fill } from "./fill.ts";
import { plannedLayouts } from "./layout.ts";
import { planUndo } from "./plan-undo.ts";
import { replay } from "./replay.ts";
import { revert } from "./revert.ts";
import { imageDigest, liveDigest, matchesKey } from "./row-image.ts";

export const journal: JournalPort = {
  enroll,
  renew,
  begin: beginJournal,
  fill,
  change,
  plan: planUndo,
  revert: async (tx, request, cursor, limit) => {
    // For triggers that heed it: no other can be kept silent for one session.
    const layouts = await plannedLayouts(tx, request.rollbackRunId, request.catalog.tables);
    if (!layouts.some(lacksColumns)) await tx.query("SET @runback_reverting = 1");
    const progress = await (request.replay ? replay : revert)(tx, request, cursor, limit);
    await tx.query("SET @runback_reverting = NULL");
    return progress;
  },
  remaining,
  differing,
  rows: async (connection, runId) => {
    const counted = await connection.query<{ n: string }>(
      `SELECT count(*) AS n FROM (
         SELECT DISTINCT layout, row_key FROM runback_journal WHERE run = (SELECT num FROM runback_runs WHERE run_id = $1)) touched`,
      [runId],
    );
    return Number(counted.rows[0]!.n);
  },
  forget: async (tx, rollbackRunId) => {
    await tx.query("DELETE FROM runback_undo_rows WHERE plan = $1", [rollbackRunId]);
  },
};

/** Compares every row the plan acted on with its before-image: the rollback's own verification. */
async function remaining(tx: Connection, request: UndoRequest): Promise<number> {
  let rows = 0;
  for (const { num, table, columns } of await plannedLayouts(tx, request.rollbackRunId, request.catalog.tables)) {
    const key = `t.${id(table.primaryKey[0]!)}`;
    const different = await tx.query<{ n: string }>(
      `SELECT count(*) AS n FROM runback_undo_rows u LEFT JOIN ${tableName(table)} t ON ${matchesKey("t", "u.row_key", table)}
       WHERE u.plan = $1 AND u.layout = ${num} AND u.class = 'reverted'
         AND CASE WHEN u.before_image IS NULL THEN ${key} IS NOT NULL
              ELSE ${key} IS NULL OR ${liveDigest("t", columns)} <> ${imageDigest("u.before_image")} END`,
      [request.rollbackRunId],
    );
    rows += Number(different.rows[0]!.n);
  }
  return rows;
}
