import type { TableRef } from "./catalog.ts";
import type { Connection } from "./engine.ts";

/** What a target says about itself, for `doctor`. Each is asked alone, so that one refusal hides nothing else. */
export interface DiagnosisPort {
  version(connection: Connection): Promise<{ version: string; minimum: string; supported: boolean }>;
  /** The server's time now, as milliseconds since 1970. */
  now(connection: Connection): Promise<number>;
  ownTables(connection: Connection): Promise<OwnTablesState>;
  /** Rights that Runback needs for these tables and its own. */
  grants(connection: Connection, tables: readonly TableRef[]): Promise<readonly Grant[]>;
  /** Where unqualified names lead: the schemas of a new session's search path that exist, in order. */
  searchPath(connection: Connection): Promise<{ readonly schemas: readonly string[]; readonly role: string }>;
  timeZone(connection: Connection): Promise<string>;
  /** Accounts whose rights get past what keeps TRUNCATE out of the audit table; absent where no right does. */
  mayTruncate?(connection: Connection): Promise<readonly string[]>;
}

export interface OwnTablesState {
  readonly applied: readonly string[];
  /** Not applied yet. */
  readonly pending: readonly string[];
  /** Recorded with another hash than this Runback has, or unknown to it. */
  readonly foreign: readonly string[];
}

export interface Grant {
  /** What is needed, and on what. */
  readonly right: string;
  readonly granted: boolean;
  /** The statement that grants it. */
  readonly remedy: string;
}
