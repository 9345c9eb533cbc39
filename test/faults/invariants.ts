import { type Engine, findTable, type Table } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { wildApricotImport } from "@runback/membership";
import { id } from "../../packages/engines/src/postgres/dialect.ts";
import { image, imageColumns, keyText, sameKey } from "../../packages/engines/src/postgres/row-image.ts";
import { useExactText } from "../../packages/engines/src/postgres/session.ts";
import { journaledTables } from "./targets.ts";

/**
 * What must hold at every moment of a run, dead or alive. Returns what does not, one line each: changed rows without
 * an image, images without a changed row, a checkpoint that says something else than the data, a broken audit chain.
 */
export async function violations(databaseUrl: string, runId: string): Promise<string[]> {
  const engine = openPostgres(databaseUrl, { max: 2 });
  try {
    const catalog = await engine.catalog();
    const found: string[] = [];
    for (const name of journaledTables) {
      found.push(...(await journalGaps(engine, findTable(catalog, name)!, runId)));
    }
    found.push(...(await checkpointGaps(engine, runId)));
    const audit = await engine.transaction((tx) => engine.audit.verify(tx, wildApricotImport.auditTable, 10), {
      isolation: "snapshot",
    });
    found.push(...audit.problems.map((problem) => `audit: ${problem.kind} ${problem.detail}`));
    if (audit.entries === 0) found.push("audit: no entries");
    return found;
  } finally {
    await engine.close();
  }
}

/** The table now, the table before the run, and the journal between them, joined by key: they must tell one story. */
async function journalGaps(engine: Engine, table: Table, runId: string): Promise<string[]> {
  const columns = imageColumns(table);
  const entries = `SELECT j.key, j.before, j.after, j.ord FROM runback.journal j JOIN runback.layouts l ON l.num = j.layout
    WHERE l.table_name = $1 AND j.run = (SELECT num FROM runback.runs WHERE run_id = $2)`;
  const present = (alias: string) => `${alias}.${id(table.primaryKey[0]!)} IS NOT NULL`;
  return await engine.transaction(async (tx) => {
    await tx.query(useExactText);
    const { rows } = await tx.query<{ rows: string; changed: string; told: string; wrong: string }>(
      `WITH entries AS (${entries}),
       net AS (
         SELECT DISTINCT ON (key) key, first_value(before) OVER w AS before, last_value(after) OVER w AS after FROM entries
         WINDOW w AS (PARTITION BY key ORDER BY ord ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
       ),
       changes AS (
         SELECT CASE WHEN ${present("t")} THEN ${keyText("t", table)} ELSE ${keyText("b", table)} END AS key,
           CASE WHEN ${present("b")} THEN ${image("b", columns)} END AS before,
           CASE WHEN ${present("t")} THEN ${engine.rowDigest("t", table)} END AS after
         FROM public.${id(table.name)} t FULL JOIN before_run.${id(table.name)} b ON ${sameKey("t", "b", table)}
         WHERE t IS DISTINCT FROM b
       )
       SELECT (SELECT count(*)::text FROM changes) AS changed, (SELECT count(*)::text FROM net) AS told,
         (SELECT count(*)::text FROM net FULL JOIN changes ON net.key = changes.key COLLATE "C"
          WHERE net.key IS NULL OR changes.key IS NULL OR net.before IS DISTINCT FROM changes.before
            OR net.after IS DISTINCT FROM changes.after) AS wrong`,
      [table.name, runId],
    );
    const { changed, told, wrong } = rows[0]!;
    return wrong === "0" ? [] : [`${table.name}: ${changed} changed rows, ${told} journaled, ${wrong} do not fit`];
  });
}

/** Rows the run says it wrote, rows its steps say, and rows the journal holds are the same number. */
async function checkpointGaps(engine: Engine, runId: string): Promise<string[]> {
  const { rows } = await engine.query<{ kind: string; rows: number; steps: number; stepped: number; images: number }>(
    `SELECT r.kind, r.rows::int AS rows,
       coalesce((r.checkpoint #>> '{applied,rows}')::int, (r.checkpoint ->> 'done')::int, 0) AS steps,
       (SELECT coalesce(sum(s.rows), 0)::int FROM runback.steps s WHERE s.run_id = r.run_id) AS stepped,
       (SELECT count(*)::int FROM runback.journal j JOIN runback.layouts l ON l.num = j.layout
        WHERE j.run = r.num AND l.table_name <> 'WaSyncState') AS images
     FROM runback.runs r WHERE r.run_id = $1`,
    [runId],
  );
  const run = rows[0];
  if (run === undefined) return [];
  const told = [];
  if (run.steps !== run.stepped) told.push(`checkpoint: ${run.steps} rows done, its steps say ${run.stepped}`);
  if (run.kind === "import" && run.rows !== run.images) told.push(`run: ${run.rows} rows, ${run.images} images`);
  if (run.kind === "rollback" && Math.abs(run.rows - run.images) > 1)
    told.push(`run: ${run.rows} rows, ${run.images} images`);
  return told;
}
