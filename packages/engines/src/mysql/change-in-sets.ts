import { type ChangeRequest, type Column, type Connection, RunbackError, type Table } from "@runback/core";
import { captureEvents, captureName } from "./capture.ts";
import { id, table as tableName } from "./dialect.ts";
import { imageColumns, imageText, keyColumns } from "./row-image.ts";
import { asStored } from "./stored-value.ts";

/**
 * The images of all rows in one statement, which locks them, then the change in another. Row by row in a trigger the same
 * images cost three times as much: 21 against 5 to 9 microseconds of processor time a row.
 *
 * @returns the rows written; null, and nothing written, where something else changes a row on the way (triggers of others,
 *   columns with ON UPDATE) or a value is stored as another: only the triggers see what happens there
 * @throws `LOCK_TIMEOUT` when rows came into the condition between the two
 */
export async function changeInSets(tx: Connection, runId: string, request: ChangeRequest): Promise<number | null> {
  const values = valuesOf(request);
  const layout = values === null ? null : await layoutAlone(tx, runId, request);
  if (values === null || layout === null) return null;
  if (!layout.named) return await journalAndChange(tx, request, layout, values);
  // What is journaled here must not be journaled by the triggers as well.
  await tx.query("SET @runback_run_id = NULL");
  try {
    return await journalAndChange(tx, request, layout, values);
  } finally {
    await tx.query("SET @runback_run_id = $1", [runId]);
  }
}

async function journalAndChange(
  tx: Connection,
  { table, set, where, params }: ChangeRequest,
  layout: LayoutAlone,
  values: ReadonlyMap<string, string>,
): Promise<number> {
  const columns = imageColumns(table);
  const after = imageText("t", columns, ({ name }) => values.get(name));
  const journaled = await tx.query(
    `INSERT INTO runback_journal (run, layout, row_key, before_image, after_digest)
     SELECT ${layout.run}, ${layout.num}, ${imageText("t", keyColumns(table))}, ${imageText("t", columns)}, unhex(sha2(${after}, 256))
     FROM ${tableName(table)} AS t WHERE ${where} FOR UPDATE`,
    params,
  );
  const sets = set.map(({ column, value }) => `${id(column)} = ${value}`);
  const changed = await tx.query(`UPDATE ${tableName(table)} AS t SET ${sets.join(", ")} WHERE ${where}`, params);
  if (journaled.count !== changed.count) {
    throw new RunbackError("LOCK_TIMEOUT", "Rows came into this step while it was under way.", {
      recovery: "The step was not written. Try again.",
      status: 409,
    });
  }
  return changed.count;
}

/** What each column will hold, as SQL by its name; null where that cannot be told, or where the key is among them. */
function valuesOf({ table, set }: ChangeRequest): Map<string, string> | null {
  const values = new Map<string, string>();
  for (const { column, value } of set) {
    const stored = asStored(table.columns.find((each) => each.name === column)!, value);
    if (stored === null || table.primaryKey.includes(column)) return null;
    values.set(column, stored);
  }
  return values;
}

interface LayoutAlone {
  readonly num: number;
  readonly run: number;
  /** A run is named in this session. */
  readonly named: boolean;
}

/** The layout that a table is captured by now, where nothing else changes its rows when they are updated. */
async function layoutAlone(
  tx: Connection,
  runId: string,
  { table, set }: Pick<ChangeRequest, "table" | "set">,
): Promise<LayoutAlone | null> {
  const { rows } = await tx.query<{
    num: number;
    run: number | null;
    columns: string;
    triggers: string;
    named: string | null;
  }>(
    // The table is read, so it is open in this transaction: whoever alters it, or makes a trigger, waits for its end.
    `SELECT num + 0e0 AS num, columns, @runback_run_id AS named, EXISTS (SELECT 1 FROM ${tableName(table)}) AS opened,
       (SELECT num + 0e0 FROM runback_runs WHERE run_id = $2) AS run,
       (SELECT group_concat(trigger_name ORDER BY trigger_name) FROM information_schema.triggers
        WHERE event_object_schema = database() AND event_object_table = $1) AS triggers
     FROM runback_layouts WHERE table_name = $1 AND current`,
    [table.name, runId],
  );
  const [found, more] = rows;
  if (found === undefined || found.run === null || more !== undefined) return null;
  const own = captureEvents.map((event) => captureName(event, Number(found.num))).sort();
  if (found.triggers !== own.join()) return null;
  const shape = (columns: readonly Column[]) => columns.map(({ name, type }) => `${name} ${type}`).join();
  if (shape(JSON.parse(found.columns) as Column[]) !== shape(imageColumns(table))) return null;
  if (await stampsItself(tx, table, set)) return null;
  return { num: Number(found.num), run: Number(found.run), named: found.named !== null };
}

/**
 * Whether a column gets a time of its own when the row is updated: one with ON UPDATE that is not among those that are set.
 * The table's own definition says so in a twentieth of the time that the catalog takes.
 */
async function stampsItself(tx: Connection, table: Table, set: ChangeRequest["set"]): Promise<boolean> {
  const { rows } = await tx.query<{ "Create Table": string }>(`SHOW CREATE TABLE ${tableName(table)}`);
  const lines = rows[0]!["Create Table"].split("\n");
  const stamped = lines.filter((line) => / ON UPDATE (current_timestamp|now)/i.test(line));
  return stamped.some((line) => !set.some(({ column }) => line.startsWith(`  ${id(column)} `)));
}
