import { type Connection, type ForeignKey, sameTable } from "@runback/core";
import { table as tableName } from "./dialect.ts";
import { references } from "./find-conflicts.ts";
import type { Layout } from "./layout.ts";
import { imageValue, matchesKey } from "./row-image.ts";

/**
 * Generations that get steps of their own. Later ones and circles go in one statement, where no order can fail; the walk
 * goes on to twice as many, so that every row of a circle (of up to as many rows) is met beyond and kept with the others.
 */
const generations = 64;

/**
 * Orders the rows of a table that references itself, so that a step may end anywhere: restored rows after those they
 * reference, deleted ones before. A cascade deletes parents first, so the order of the run's statements alone will not do.
 */
export async function orderSelfReferences(tx: Connection, plan: string, layout: Layout): Promise<void> {
  const keys = layout.table.foreignKeys.filter((key) => sameTable(key.references, layout.table));
  if (keys.length === 0) return;
  await order(
    tx,
    plan,
    layout,
    "insert",
    keys.map((key) => restoredEdges(layout, key)),
  );
  await order(
    tx,
    plan,
    layout,
    "delete",
    keys.map((key) => liveEdges(layout, key)),
  );
}

async function order(
  tx: Connection,
  plan: string,
  layout: Layout,
  act: "insert" | "delete",
  edges: readonly string[],
): Promise<void> {
  await tx.query(
    `WITH RECURSIVE members AS (
       SELECT * FROM runback.undo_rows WHERE plan = $1 AND layout = ${layout.num} AND act = '${act}'
     ), edges (first, later) AS MATERIALIZED (
       SELECT first, later FROM (${edges.join(" UNION ALL ")}) e WHERE first <> later
     ), placed (seq, generation) AS (
       SELECT seq, 0 FROM members m WHERE NOT EXISTS (SELECT FROM edges e WHERE e.later = m.seq)
       UNION
       SELECT e.later, p.generation + 1 FROM placed p JOIN edges e ON e.first = p.seq WHERE p.generation < ${2 * generations}
     ), last AS (
       SELECT m.seq, least(coalesce(max(p.generation), ${generations}), ${generations}) AS generation
       FROM members m LEFT JOIN placed p ON p.seq = m.seq GROUP BY m.seq
     )
     UPDATE runback.undo_rows u
     SET seq = l.generation * 1099511627776 + CASE WHEN l.generation < ${generations} THEN u.seq ELSE 0 END
     FROM last l WHERE u.plan = $1 AND u.layout = ${layout.num} AND u.act = '${act}' AND u.seq = l.seq
       AND EXISTS (SELECT FROM edges)`,
    [plan],
  );
}

/** Restored rows wait for the restored rows they reference. */
function restoredEdges({ table, columns }: Layout, key: ForeignKey): string {
  const same = key.columns.map((name, at) => {
    const referenced = imageValue("a.before", table, columns, key.referencedColumns[at]!);
    return `${referenced} ${key.operators[at]} ${imageValue("b.before", table, columns, name)}`;
  });
  return `SELECT a.seq AS first, b.seq AS later FROM members a JOIN members b ON ${same.join(" AND ")}`;
}

/** Deleted rows wait for the deleted rows that reference them. */
function liveEdges({ table }: Layout, key: ForeignKey): string {
  const name = tableName(table);
  return `SELECT a.seq AS first, b.seq AS later FROM members b
    JOIN ${name} p ON ${matchesKey("p", "b.key", table)}
    JOIN ${name} c ON ${references(key, "p", "c")}
    JOIN members a ON ${matchesKey("c", "a.key", table)}`;
}
