import type { Engine, Table } from "@runback/core";

/** The placeholder of a key that travels as text: not every way to a server finds out the type of a parameter by itself. */
export function keyParam({ dialect }: Pick<Engine, "dialect">, table: Table, name: string, n: number): string {
  const column = table.columns.find((each) => each.name === name)!;
  if (dialect.ddl.liveType(column).family === "integer") return dialect.cast(dialect.param(n), "bigint");
  return column.baseType === "uuid" ? dialect.cast(dialect.param(n), "uuid") : dialect.param(n);
}
