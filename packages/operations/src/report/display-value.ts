import { canonicalJson } from "@runback/core";
import { jsonValue } from "./json-value.ts";
import { printable } from "./printable.ts";

/**
 * An expected or actual value as one line for people. It is JSON with sorted keys, so that the text "5" and the number 5,
 * and null and absent, do not look the same, while two policies that differ in key order only do.
 */
export function displayValue(value: unknown): string {
  return value === undefined ? "absent" : printable(canonicalJson(jsonValue(value)));
}
