import type { TableRef } from "./catalog.ts";
import type { Connection } from "./engine.ts";

/** One audit entry with its place in the chain. */
export interface AuditEntry {
  readonly id: string;
  readonly action: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** ISO 8601 in UTC with microseconds. */
  readonly createdAt: string;
  /** Null when the entry is not on the chain: it was inserted with the triggers disabled. */
  readonly seq: number | null;
  readonly sha256: string | null;
}

export type AuditProblemKind = "changed" | "deleted" | "unchained" | "broken-link" | "truncated" | "anchor-mismatch";

export interface AuditProblem {
  readonly kind: AuditProblemKind;
  /** Id of the entry; null when the problem is the chain's own. */
  readonly entry: string | null;
  readonly seq: number | null;
  readonly detail: string;
}

/** Where a chain stands: its length, and the link that covers everything before it. */
export interface AuditHead {
  readonly seq: number;
  /** Lower-case hex; 64 zeros for an empty chain. */
  readonly sha256: string;
}

export interface AuditVerification {
  readonly entries: number;
  /** The last link there is; null when the table has no chain. */
  readonly head: AuditHead | null;
  /** The first ones by place on the chain, at most as many as were asked for. */
  readonly problems: readonly AuditProblem[];
  readonly problemCount: number;
}

export interface AuditPage {
  readonly limit: number;
  /** Cursor of the last entry already seen. */
  readonly before?: string;
  /** Only entries that name this run. */
  readonly run?: string;
}

/** One line of an export: a link and the exact text that was hashed. */
export interface AuditRecord {
  readonly seq: number | null;
  readonly entry: string;
  readonly rowSha256: string | null;
  readonly previous: string | null;
  readonly sha256: string | null;
  /** JSON text of the entry in its hashed form; null when the entry is gone. */
  readonly hashed: string | null;
  /** JSON text of columns that came after the table was protected and are not hashed; null when there are none. */
  readonly later: string | null;
}

/** The append-only trail of a target and the hash chain over it. */
export interface AuditPort {
  /** Tables that are protected on this target. */
  tables(connection: Connection): Promise<readonly TableRef[]>;
  /** What is missing of a table's protection, in words; empty when changes are refused and entries chained. */
  protectionGaps(connection: Connection, table: TableRef): Promise<readonly string[]>;
  /** Recomputes every hash and link inside a snapshot transaction. */
  verify(tx: Connection, table: TableRef, limit: number): Promise<AuditVerification>;
  /** The link at each of the given places; places beyond the chain are absent. */
  linksAt(connection: Connection, table: TableRef, seqs: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Newest first. @throws `CURSOR_INVALID` */
  page(tx: Connection, table: TableRef, page: AuditPage): Promise<{ entries: AuditEntry[]; next: string | null }>;
  /** All records in chain order, then those that are on no chain. Inside a snapshot transaction. */
  records(tx: Connection, table: TableRef): AsyncIterable<AuditRecord>;
}

/** The name a chain goes by: `public.AuditLog`. */
export function auditRelation(table: TableRef): string {
  return `${table.schema}.${table.name}`;
}
