import { RunbackError } from "@runback/core";
import { listSnapshots, openSnapshot, type SnapshotManifest } from "@runback/vault";
import type { Context } from "../context.ts";
import { lastProof } from "./proofs.ts";

export interface SnapshotSummary {
  readonly snapshotId: string;
  readonly takenAt: string | null;
  readonly reason: string | null;
  readonly location: string | null;
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string | null;
  readonly retainUntil: string | null;
  /** When it was last restored to scratch and found the same. */
  readonly provenAt: string | null;
  /** Code of why it cannot be read; null when it can. */
  readonly problem: string | null;
}

export interface SnapshotDetails {
  readonly manifest: SnapshotManifest;
  readonly sha256: string;
  readonly provenAt: string | null;
}

/** Every finished snapshot of the vault, newest first. A damaged one is listed as such. */
export async function listAllSnapshots(context: Pick<Context, "vault">): Promise<SnapshotSummary[]> {
  const found: SnapshotSummary[] = [];
  for (const snapshotId of await listSnapshots(context.vault)) found.push(await summary(context, snapshotId));
  return found;
}

async function summary(context: Pick<Context, "vault">, snapshotId: string): Promise<SnapshotSummary> {
  try {
    const { manifest, sha256, provenAt } = await showSnapshot(context, snapshotId);
    const { takenAt, reason, location, tables, rows, bytes, retainUntil } = manifest;
    return {
      ...{ snapshotId, takenAt, reason, location, tables: tables.length, rows, bytes, sha256 },
      ...{ retainUntil, provenAt, problem: null },
    };
  } catch (error) {
    if (!(error instanceof RunbackError) || !["SNAPSHOT_DAMAGED", "SNAPSHOT_FORMAT_UNKNOWN"].includes(error.code))
      throw error;
    return {
      ...{ snapshotId, takenAt: null, reason: null, location: null, tables: 0, rows: 0, bytes: 0, sha256: null },
      ...{ retainUntil: null, provenAt: null, problem: error.code },
    };
  }
}

/** @throws `SNAPSHOT_NOT_FOUND`, `SNAPSHOT_DAMAGED` */
export async function showSnapshot({ vault }: Pick<Context, "vault">, snapshotId: string): Promise<SnapshotDetails> {
  const { manifest, sha256 } = await openSnapshot(vault, snapshotId);
  return { manifest, sha256, provenAt: (await lastProof(vault, snapshotId))?.toISOString() ?? null };
}
