import type { Column } from "@runback/core";
import { id } from "../dialect.ts";

/** How one column's values leave and enter the server without losing a bit. */
export interface ColumnForm {
  readonly name: string;
  /** What is selected. The session sends bytes as they are stored: no character set is converted. */
  readonly select: string;
  /** How a value is written into a statement. */
  readonly literal: "digits" | "bytes" | "utf8";
}

const digits = new Set(["tinyint", "smallint", "mediumint", "int", "bigint", "decimal"]);

/**
 * - `float`, `double`: as the double it is; a float's own text has six digits. Written in quotes, where `-0` keeps its sign.
 * - `enum`, `set`: the number behind it, so that the empty error value is told from an empty member.
 * - `uuid`, `inet`, MySQL's `json`: their text must not arrive as binary.
 */
export function columnForm({ name, baseType }: Pick<Column, "name" | "baseType">): ColumnForm {
  const column = id(name);
  if (digits.has(baseType)) return { name, select: column, literal: "digits" };
  if (baseType === "enum" || baseType === "set") return { name, select: `${column} + 0`, literal: "digits" };
  if (baseType === "float" || baseType === "double") return { name, select: `${column} * 1e0`, literal: "bytes" };
  if (["uuid", "inet4", "inet6", "json"].includes(baseType)) return { name, select: column, literal: "utf8" };
  return { name, select: column, literal: "bytes" };
}
