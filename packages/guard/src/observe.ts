import type { Phase } from "@runback/core";
import type { RetiredColumn } from "./retired-column.ts";
import { type RuleId, rules, type Severity } from "./rules.ts";

export interface Observed {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly message: string;
}

type Observation =
  | {
      readonly legacy: boolean;
      readonly column: boolean;
      readonly unknown: boolean;
      readonly how: string;
      readonly all?: boolean;
    }
  | { readonly unread: string; readonly statement: string };

/** What one write means in a phase. @returns `null` when it is as it should be */
export function observe(retired: RetiredColumn, phase: Phase, seen: Observation): Observed | null {
  const { table, legacy, column, dualWrite, flags } = retired.cutover;
  const as = (rule: RuleId, message: string): Observed | null => {
    const severity = rules[rule].severity(phase);
    return severity === null ? null : { rule, severity, message };
  };
  if ("unread" in seen)
    return as(
      "unread-statement",
      `A statement that names ${table.name} could not be read (${seen.unread}): ${shortened(seen.statement)}`,
    );
  const how = seen.all === true ? `${seen.how} without a column list` : seen.how;
  if (phase >= 4) {
    if (seen.legacy)
      return as("legacy-write", `${table.name}.${legacy} is retired and written here (${how}). Write ${column} only.`);
    if (seen.unknown)
      return as(
        "unread-write",
        `${table.name} is written here (${how}), and whether ${legacy} is among the columns cannot be seen.`,
      );
    return null;
  }
  if (dualWrite === "bridge" || (seen.legacy && seen.column)) return null;
  if (seen.legacy || seen.column) {
    const [one, missing] = seen.legacy ? [legacy, column] : [column, legacy];
    if (seen.unknown)
      return as(
        "unread-write",
        `${table.name}.${one} is written here (${how}); whether ${missing} is written with it cannot be seen.`,
      );
    return as(
      "single-column-write",
      `${table.name}.${one} is written here (${how}) without ${missing}. While ${flags.dualWrite.name} is on, both are.`,
    );
  }
  return null;
}

/** A part that code decides shows as the three dots it is. */
function shortened(statement: string): string {
  const text = statement.replace(/\brb_hole_\d+\b/g, "…");
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
