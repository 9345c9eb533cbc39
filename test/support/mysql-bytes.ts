import { type Engine, findTable } from "@runback/core";
import { imageColumns } from "../../packages/engines/src/mysql/row-image.ts";

/**
 * Every row of a table, sorted: equal arrays mean byte-equal content. Numbers, dates and bytes are read in ways of the
 * tests' own, not through the images under test.
 */
export async function mysqlBytes(engine: Engine, name: string): Promise<string[]> {
  const table = findTable(await engine.catalog(), name)!;
  const value = ({ name: column, baseType }: (typeof table.columns)[number]) => {
    const quoted = engine.dialect.id(column);
    if (baseType === "bit" || baseType === "enum" || baseType === "set")
      return `concat(${quoted} + 0, ':', hex(${quoted}))`;
    // The double behind a float, by its distance from what it prints.
    if (baseType === "float") return `concat(${quoted}, ' ', format(${quoted} * 1e0, 30), ' ', ${quoted} * 1e0)`;
    if (baseType === "double") return `concat(${quoted}, ' ', CAST(${quoted} AS char))`;
    return `hex(CAST(${quoted} AS binary))`;
  };
  const { rows } = await engine.query<{ bytes: string }>(
    `SELECT concat_ws('|', ${imageColumns(table)
      .map((column) => `coalesce(${value(column)}, 'NULL')`)
      .join(", ")}) AS bytes FROM ${engine.dialect.table(table)} ORDER BY 1`,
  );
  return rows.map((row) => row.bytes);
}
