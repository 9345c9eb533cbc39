import type { ImportDeclaration, TableRef } from "@runback/core";
import type { Receiver } from "../alerts/receiver.ts";
import type { Context } from "../context.ts";

export type Outcome = "PASS" | "WARN" | "FAIL";

export interface Finding {
  readonly outcome: Outcome;
  /** What is the case, without secrets. */
  readonly message: string;
  /** What to do; null when nothing is. */
  readonly remedy: string | null;
}

export interface DoctorOptions {
  /** With its password, which no finding repeats. Null when none is set and the embedded server is used. */
  readonly databaseUrl: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is imported, if anything is. */
  readonly declaration?: ImportDeclaration;
  readonly auditTable: TableRef;
  /** Who is told of failures. @throws `RECEIVER_INVALID` */
  readonly receivers?: () => readonly Receiver[];
  /** Default: of this process. */
  readonly nodeVersion?: string;
}

export interface DoctorCheck {
  /** Stable, for tools. */
  readonly id: string;
  /** Asks the target, so it cannot run without a connection. */
  readonly needsTarget?: true;
  run(context: Context, options: DoctorOptions): Promise<Finding>;
}

export const pass = (message: string): Finding => ({ outcome: "PASS", message, remedy: null });
export const warn = (message: string, remedy: string): Finding => ({ outcome: "WARN", message, remedy });
export const fail = (message: string, remedy: string): Finding => ({ outcome: "FAIL", message, remedy });
