import type { RuleId, Severity } from "./rules.ts";

/** One thing the guard found. Lines and columns count from 1. */
export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** First line of the statement it is in: a waiver above it counts. */
  readonly statementLine: number;
  /** Table and column it is about. */
  readonly cutover: string;
}
