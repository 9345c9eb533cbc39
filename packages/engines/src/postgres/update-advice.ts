import type { Connection, Table } from "@runback/core";
import { table as tableName } from "./dialect.ts";

/** Pages filled to this share leave room for a second version of most of their rows. */
const roomy = 70;

/**
 * An update writes a new version of its row. Where the page has room for it and no index has the column, the indexes stay
 * as they are (a HOT update): steps of a backfill then take less than half the time.
 */
export async function updateAdvice(tx: Connection, table: Table, column: string): Promise<string[]> {
  const name = tableName(table);
  const { rows } = await tx.query<{ fill: number; updates: string; hot: string; dead: string; live: string }>(
    `SELECT coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100) AS fill,
       coalesce(s.n_tup_upd, 0)::text AS updates, coalesce(s.n_tup_hot_upd, 0)::text AS hot,
       coalesce(s.n_dead_tup, 0)::text AS dead, coalesce(s.n_live_tup, 0)::text AS live
     FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.oid = $1::regclass`,
    [name],
  );
  const indexed = await tx.query<{ name: string }>(
    `SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = $2
     WHERE i.indrelid = $1::regclass AND a.attnum = ANY (i.indkey) ORDER BY 1`,
    [name, column],
  );
  const { fill, updates, hot, dead, live } = rows[0]!;
  const share = Number(updates) === 0 ? null : Math.round((Number(hot) * 100) / Number(updates));
  const seen = `${share === null ? "no updates counted yet" : `${share} % of its updates so far were HOT`}, fillfactor ${fill}`;
  const advice: string[] = [];
  if (indexed.count > 0) {
    advice.push(
      `${indexed.rows.map((index) => index.name).join(", ")} has the column, so every row filled writes to every index of ${table.name} (${seen}). Built after the backfill instead, and with room in the pages, it takes less than half the time.`,
    );
  } else if (fill > roomy) {
    advice.push(
      `Pages of ${table.name} have little room for new versions of their rows (${seen}). ALTER TABLE ${name} SET (fillfactor = ${roomy}) and a rewrite (VACUUM FULL, which locks the table, or pg_repack) before the backfill more than halve its time; a plain VACUUM between steps gives part of that.`,
    );
  }
  if (Number(dead) > Number(live) / 5)
    advice.push(`${dead} dead rows are in ${table.name}: VACUUM ${name} first makes their room usable.`);
  return advice;
}
