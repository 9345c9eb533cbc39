import type { Table } from "./catalog.ts";

/**
 * SQL that reads a table in windows of its primary key, whatever types it has. Key values travel as texts, and mean the
 * same values again when they come back.
 */
export interface Keyset {
  /** Select list of the key's values as texts: `k0`, `k1`, … */
  values(alias: string, table: Table): string;
  /** The key's own order, which its index has. */
  order(alias: string, table: Table): string;
  /** Whether a row's key comes after the key whose texts are the parameters from this number on, or does not. */
  compare(alias: string, table: Table, operator: ">" | "<=", firstParam: number): string;
}
