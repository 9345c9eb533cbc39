import { type ColumnCutover, qualifiedName, RunbackError, type Table } from "@runback/core";
import type { Context } from "../context.ts";

/**
 * The live table of a cutover.
 *
 * @throws `CUTOVER_NOT_PREPARED` when the table, its key or one of both columns is not as the definition says
 */
export async function cutoverTable({ engine }: Pick<Context, "engine">, cutover: ColumnCutover): Promise<Table> {
  const { tables } = await engine.catalog();
  const { schema, name } = cutover.table;
  const table = tables.find(
    (each) =>
      each.name === name && (schema === "" ? each.schema === "public" || each.schema === "" : each.schema === schema),
  );
  const wrong: string[] = [];
  if (table === undefined) wrong.push("there is no such table");
  else {
    for (const column of [cutover.legacy, cutover.column])
      if (!table.columns.some((each) => each.name === column)) wrong.push(`it has no column ${column}`);
    const key = keyProblem(table, cutover);
    if (key !== null) wrong.push(key);
  }
  if (table !== undefined && wrong.length === 0) return table;
  throw new RunbackError(
    "CUTOVER_NOT_PREPARED",
    `The cutover ${cutover.name} cannot run on ${qualifiedName(cutover.table)}: ${wrong.join("; ")}.`,
    {
      recovery: "Nothing was written. Prepare the table (phase 0), or correct the definition, and check --target.",
      status: 409,
    },
  );
}

/**
 * Why the definition's key is not the table's own; null when it is. By less than the whole key, triggers that write the other
 * column where a trigger cannot change its own row, on SQLite, would write the rows beside it too.
 */
export function keyProblem(
  { primaryKey }: Pick<Table, "primaryKey">,
  { key }: Pick<ColumnCutover, "key">,
): string | null {
  if ([...primaryKey].sort().join() === [...key].sort().join()) return null;
  return `its primary key is (${primaryKey.join(", ")}) and not (${key.join(", ")})`;
}
