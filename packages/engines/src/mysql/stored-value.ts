import type { Column } from "@runback/core";

const integers = new Set(["tinyint", "smallint", "mediumint", "int", "bigint"]);

/**
 * What a column holds once it was given a value of its type, as SQL: in its character set, and to its own fraction of a
 * second.
 *
 * @returns null where that is not known for certain
 */
export function asStored({ baseType, type }: Column, value: string): string | null {
  if (integers.has(baseType))
    return / zerofill/.test(type) ? null : `CAST(${value} AS ${/ unsigned/.test(type) ? "unsigned" : "signed"})`;
  if (baseType === "datetime") return `CAST(${value} AS datetime(${/\((\d)\)/.exec(type)?.[1] ?? 0}))`;
  const charset = / character set (\w+) /.exec(type)?.[1];
  if (charset === undefined) return null;
  const text = `CONVERT(${value} USING ${charset})`;
  if (["text", "mediumtext", "longtext"].includes(baseType)) return text;
  // Spaces at the end that are too many are cut off silently; of anything else that does not fit the server says so.
  if (baseType === "varchar") return `left(${text}, ${/\((\d+)\)/.exec(type)![1]})`;
  return null;
}
