import type { FieldDeclaration, Parsed } from "@runback/core";

const maxLength = 10_000;

/** A text no longer than what any column of the model is meant for. NUL cannot be stored by PostgreSQL. */
export function parseText(text: string): Parsed {
  if (text.length > maxLength) return { reason: "too-long", message: `is longer than ${maxLength} characters` };
  return text;
}

export function optionalText(column: string, from: string): FieldDeclaration {
  return {
    column,
    type: "text",
    from: [from],
    parse: ([text]) => parseText(text!.trim() === "" ? "" : text!.trim()) || null,
  };
}

export function requiredText(column: string, from: string): FieldDeclaration {
  return {
    column,
    type: "text",
    from: [from],
    parse: ([text]) =>
      text!.trim() === "" ? { reason: "missing-value", message: `${from} is empty` } : parseText(text!.trim()),
  };
}
