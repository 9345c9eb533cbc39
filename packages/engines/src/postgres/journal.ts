import type { Connection, JournalPort, UndoRequest } from "@runback/core";
import { change } from "./change.ts";
import { id, table as tableName } from "./dialect.ts";
import { differing } from "./differing.ts";
import { beginJournal, enroll, renew } from "./enroll.ts";
import { fill } from "./fill.ts";
import { plannedLayouts } from "./layout.ts";
import { forgetPlan, planUndo } from "./plan-undo.ts";
import { replay } from "./replay.ts";
import { revert } from "./revert.ts";
import { fromImage, imageDigest, liveDigest, matchesKey } from "./row-image.ts";
import { useExactTextInBulk } from "./session.ts";

export const journal: JournalPort = {
  enroll,
  renew,
  begin: beginJournal,
  fill,
  change,
  plan: planUndo,
  revert: (tx, request, cursor, limit) => (request.replay ? replay : revert)(tx, request, cursor, limit),
  remaining,
  differing,
  rows: async (connection, runId) => {
    const counted = await connection.query<{ rows: string }>(
      `SELECT count(*)::text AS rows FROM (
         SELECT DISTINCT layout, key FROM runback.journal WHERE run = (SELECT num FROM runback.runs WHERE run_id = $1)) touched`,
      [runId],
    );
    return Number(counted.rows[0]!.rows);
  },
  forget: forgetPlan,
};

/** Compares every row the plan acted on with its before-image: the rollback's own verification. */
async function remaining(tx: Connection, request: UndoRequest): Promise<number> {
  await tx.query(useExactTextInBulk);
  let rows = 0;
  for (const { num, table, columns } of await plannedLayouts(tx, request.rollbackRunId, request.catalog.tables)) {
    const key = `t.${id(table.primaryKey[0]!)}`;
    const restored = columns.map((column, index) => fromImage("u.before", index, column)).join(", ");
    const live = columns.map((column) => `t.${id(column.name)}`).join(", ");
    // Rows that are equal as they are stored need no digests; one of the others may still say the same in another form.
    const different = await tx.query<{ rows: string }>(
      `SELECT count(*)::text AS rows FROM runback.undo_rows u LEFT JOIN ${tableName(table)} t ON ${matchesKey("t", "u.key", table)}
       WHERE u.plan = $1 AND u.layout = ${num} AND u.class = 'reverted'
         AND CASE WHEN u.before IS NULL THEN ${key} IS NOT NULL
              ELSE ${key} IS NULL OR record_image_ne(ROW(${live}), ROW(${restored}))
                AND ${liveDigest("t", columns)} <> ${imageDigest("u.before", columns)} END`,
      [request.rollbackRunId],
    );
    rows += Number(different.rows[0]!.rows);
  }
  return rows;
}
