import type { FieldDeclaration, Parsed } from "@runback/core";

/** A column that may not be empty. */
export function text(column: string, from: string): FieldDeclaration {
  return {
    column,
    type: "text",
    from: [from],
    parse: ([value]) => value!.trim() || { reason: "missing-value", message: `${from} is empty` },
  };
}

/** A day as `YYYY-MM-DD`, kept as its first instant in UTC; null when empty. */
export function day(value: string, from: string): Parsed {
  if (value.trim() === "") return null;
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value.trim());
  const date = found && new Date(`${value.trim()}T00:00:00Z`);
  // JavaScript moves February 30 to March; a day that comes back as another one does not exist.
  if (!date || Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(found[3]))
    return { reason: "invalid-date", message: `${from} is not a day` };
  return date.toISOString();
}
