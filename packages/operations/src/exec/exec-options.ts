import type { StdioOptions } from "node:child_process";
import type { TableRef } from "@runback/core";

export interface ExecOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Tables to journal, as users type them; default: all that are not audit tables. */
  readonly tables?: readonly string[];
  /** Tables of the application that are never taken back either: its own audits. Those that are not there are passed over. */
  readonly appendOnly?: readonly TableRef[];
  readonly operator: string;
  readonly auditTable: TableRef;
  /** The target as the program shall reach it, with its password. */
  readonly targetUrl: string;
  /** What the program's environment is made from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the program has this process's own input and outputs. */
  readonly stdio?: StdioOptions;
  /** Working directory of the program; default that of this process. */
  readonly cwd?: string;
}

export interface ExecResult {
  readonly runId: string;
  /** The program's exit status; 128 plus the number of the signal that ended it, as shells have it. */
  readonly exitCode: number;
  readonly signal: string | null;
  /** Rows (distinct table and key) that the run changed. */
  readonly rows: number;
  /** Tables whose changes were journaled. */
  readonly tables: readonly string[];
  /** Tables that the program created or altered meanwhile: what it wrote to them then is not, or not wholly, journaled. */
  readonly notJournaled: readonly string[];
  readonly durationMs: number;
}
