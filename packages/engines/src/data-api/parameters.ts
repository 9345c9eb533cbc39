import type { SqlParameter } from "@aws-sdk/client-rds-data";
import type { Value } from "@runback/core";

/**
 * Values as `p1`, `p2`, …. A text is a text and no literal of unknown type to the service, so every other type is a cast in
 * the SQL; arrays and integers beyond 2^53 travel as text too.
 */
export function namedParameters(values: readonly Value[]): SqlParameter[] {
  return values.map((value, index) => ({ name: `p${index + 1}`, value: field(value) }));
}

function field(value: Value): SqlParameter["value"] {
  if (value === null || value === undefined) return { isNull: true };
  if (typeof value === "boolean") return { booleanValue: value };
  if (typeof value === "number") return Number.isSafeInteger(value) ? { longValue: value } : { doubleValue: value };
  if (typeof value === "string") return { stringValue: value };
  // Drizzle hands documents over as text; a caller that does not is mistaken.
  throw new Error(`a parameter of type ${typeof value}`);
}
