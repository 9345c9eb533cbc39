import type { Connection } from "@runback/core";

/** One table's rows on their way; names are quoted already. */
export interface CopyRequest {
  readonly table: string;
  /** Quoted and comma-separated; empty for a table without stored columns. */
  readonly columns: string;
  readonly binary: boolean;
}

/** A session that moves whole tables as bytes. */
export interface CopySession extends Connection {
  /** Rows in stored order, in chunks of 64 KiB or more. What `consume` leaves unread is read and dropped. */
  copyOut<T>(request: CopyRequest, consume: (chunks: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T>;
  /** Loads what `copyOut` gave into a table that this transaction made. */
  copyIn(request: CopyRequest, chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

export function copyTarget({ table, columns }: Pick<CopyRequest, "table" | "columns">): string {
  return columns === "" ? table : `${table} (${columns})`;
}

/** Frozen rows are visible to every transaction that can see the table, however old its snapshot: none finds it empty. */
export function copyOptions(binary: boolean, freeze = false): string {
  return `WITH (FORMAT ${binary ? "binary" : "text"}${freeze ? ", FREEZE" : ""})`;
}
