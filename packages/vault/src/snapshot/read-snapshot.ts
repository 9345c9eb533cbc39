import {
  isSnapshotId,
  RunbackError,
  type SnapshotSchema,
  type SnapshotSource,
  sha256,
  type Vault,
} from "@runback/core";
import { readAll } from "../read-all.ts";
import { parseSums, SUMS_NAME } from "../sums.ts";
import { decompressed } from "./compressed.ts";
import { snapshotDamaged, snapshotNotFound } from "./snapshot-errors.ts";
import { MANIFEST_NAME, SCHEMA_NAME, type SnapshotManifest, snapshotPrefix } from "./snapshot-manifest.ts";

/** Definitions of some 100,000 objects; nothing that calls itself a schema is larger. */
const maxBytes = 256 * 1024 * 1024;

export interface OpenSnapshot {
  readonly manifest: SnapshotManifest;
  /** The snapshot's own: that of `SHA256SUMS`. */
  readonly sha256: string;
  /** Schema and rows, every byte compared with its hash on the way. */
  source(): Promise<SnapshotSource>;
}

/**
 * Opens a finished snapshot: manifest and schema as `SHA256SUMS` covers them.
 * @throws `SNAPSHOT_NOT_FOUND` also for one whose writing was interrupted, `SNAPSHOT_DAMAGED`
 */
export async function openSnapshot(vault: Vault, snapshotId: string): Promise<OpenSnapshot> {
  if (!isSnapshotId(snapshotId)) throw snapshotNotFound(snapshotId);
  const prefix = snapshotPrefix(snapshotId);
  const sumsBytes = await read(vault, snapshotId, SUMS_NAME);
  const { sums, badLines } = parseSums(Buffer.from(sumsBytes).toString("utf8"));
  if (badLines.length > 0) throw snapshotDamaged(SUMS_NAME, `line ${badLines[0]} is malformed`);
  const hashes = new Map(sums.map((sum) => [sum.name, sum.sha256]));
  const covered = async <T>(name: string): Promise<T> => {
    const bytes = await read(vault, snapshotId, name);
    if (sha256(bytes) !== hashes.get(name)) throw snapshotDamaged(name, "its content differs from its hash");
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as T;
  };
  const manifest = await covered<SnapshotManifest>(MANIFEST_NAME);
  if (manifest.format !== 1) {
    throw new RunbackError(
      "SNAPSHOT_FORMAT_UNKNOWN",
      `Snapshot ${snapshotId} has a format this version does not read.`,
      {
        recovery: "Use the Runback that took it, or a newer one.",
        status: 409,
      },
    );
  }
  if (manifest.snapshotId !== snapshotId) throw snapshotDamaged(MANIFEST_NAME, "it belongs to another snapshot");
  const uncovered = manifest.tables.find((table) => hashes.get(table.file) !== table.fileSha256);
  if (uncovered) throw snapshotDamaged(uncovered.file, "manifest and SHA256SUMS name different hashes");
  return {
    manifest,
    sha256: sha256(sumsBytes),
    source: async () => {
      const schema = await covered<SnapshotSchema>(SCHEMA_NAME);
      const files = new Map(manifest.tables.map((table) => [JSON.stringify([table.schema, table.name]), table]));
      return {
        schema,
        data: (table) => {
          const file = files.get(JSON.stringify([table.schema, table.name]));
          if (file === undefined) throw snapshotDamaged(MANIFEST_NAME, `it does not name the rows of ${table.name}`);
          return decompressed(file.file, vault.get(`${prefix}/${file.file}`), {
            file: { sha256: file.fileSha256, bytes: file.bytes },
            raw: { sha256: file.sha256, bytes: file.rawBytes },
          });
        },
      };
    },
  };
}

async function read(vault: Vault, snapshotId: string, name: string): Promise<Uint8Array> {
  try {
    return await readAll(vault.get(`${snapshotPrefix(snapshotId)}/${name}`), maxBytes, `The snapshot's ${name}`);
  } catch (error) {
    if (!(error instanceof RunbackError) || error.code !== "VAULT_NOT_FOUND") throw error;
    if (name === SUMS_NAME) throw snapshotNotFound(snapshotId, error);
    throw snapshotDamaged(name, "it is missing", error);
  }
}
