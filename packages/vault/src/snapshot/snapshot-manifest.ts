import type { JournalPosition } from "@runback/core";

/** One table of a snapshot, and the object that holds its rows. */
export interface ManifestTable {
  readonly schema: string;
  readonly name: string;
  /** Relative to the snapshot: `data/0001-Member.zst`. */
  readonly file: string;
  readonly rows: number;
  /** As stored: compressed. */
  readonly bytes: number;
  /** Of the stored object. */
  readonly fileSha256: string;
  /** The stream before compression. */
  readonly rawBytes: number;
  /** SHA-256 of the rows themselves, before compression: what a restored table is compared with. */
  readonly sha256: string;
}

/** `manifest.json`: what a snapshot is, without its schema and rows. */
export interface SnapshotManifest {
  readonly format: 1;
  readonly snapshotId: string;
  readonly takenAt: string;
  readonly operator: string;
  /** Why it was taken: `before-restore`, or what the operator said. */
  readonly reason: string | null;
  readonly engine: string;
  readonly family: string;
  readonly serverVersion: string;
  /** Of Runback. */
  readonly codeVersion: string;
  /** Address of the target, without its password. */
  readonly location: string;
  readonly fingerprint: string;
  readonly journal: JournalPosition | null;
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  readonly roles: readonly string[];
  readonly tables: readonly ManifestTable[];
  readonly rows: number;
  /** Stored bytes of all tables. */
  readonly bytes: number;
  /** Until then nobody can delete it; null in a vault without locks. */
  readonly retainUntil: string | null;
  readonly durationMs: number;
}

export const MANIFEST_NAME = "manifest.json";
export const SCHEMA_NAME = "schema.json";

/** Where a snapshot is, without a slash at its end. */
export function snapshotPrefix(snapshotId: string): string {
  return `snapshots/${snapshotId}`;
}
