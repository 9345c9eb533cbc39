import {
  type Connection,
  findTable,
  type ImportDeclaration,
  qualifiedName,
  RunbackError,
  type Table,
} from "@runback/core";
import type { Context } from "../context.ts";

/** Every table an import writes to, and journals, as it is on the target. @throws `TABLE_MISSING` */
export async function importTables({ engine }: Context, declaration: ImportDeclaration): Promise<Table[]> {
  const catalog = await engine.catalog();
  const names = [
    ...declaration.entities.map((entity) => entity.table),
    declaration.mapping.table,
    ...(declaration.syncState ? [declaration.syncState.table] : []),
  ];
  return names.map((name) => {
    const table = findTable(catalog, qualifiedName(name));
    if (table) return table;
    throw new RunbackError("TABLE_MISSING", `Table ${qualifiedName(name)} is not on this target.`, {
      recovery: "Nothing was written. Run `runback init`, or check that --target names the right database.",
    });
  });
}

export async function countRows({ engine }: Pick<Context, "engine">, tx: Connection, table: Table): Promise<number> {
  const { rows } = await tx.query<{ rows: string }>(
    `SELECT ${engine.dialect.cast("count(*)", "text")} AS rows FROM ${engine.dialect.table(table)}`,
  );
  return Number(rows[0]!.rows);
}
