import { type PutResult, type SnapshotMoment, sha256, type Vault } from "@runback/core";
import { formatSums, SUMS_NAME, type Sum } from "../sums.ts";
import { compressed } from "./compressed.ts";
import {
  MANIFEST_NAME,
  type ManifestTable,
  SCHEMA_NAME,
  type SnapshotManifest,
  snapshotPrefix,
} from "./snapshot-manifest.ts";

export interface WrittenSnapshot {
  readonly manifest: SnapshotManifest;
  /** The snapshot's own SHA-256: that of its `SHA256SUMS`. What an approval signs. */
  readonly sha256: string;
}

export interface SnapshotFacts
  extends Pick<
    SnapshotManifest,
    "snapshotId" | "takenAt" | "operator" | "reason" | "engine" | "serverVersion" | "codeVersion" | "location"
  > {
  /** Milliseconds since it began. */
  readonly elapsed: () => number;
  readonly retainUntil: Date | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onTable?: (done: number, total: number) => void;
}

/**
 * Writes one moment of a target, table by table, as many at once as the moment has readers. Everything is put if absent and
 * `SHA256SUMS` comes last: what has none was interrupted, and no listing shows it. Memory does not grow with the tables.
 */
export async function writeSnapshot(
  vault: Vault,
  moment: SnapshotMoment,
  facts: SnapshotFacts,
): Promise<WrittenSnapshot> {
  const { snapshotId } = facts;
  const at = (name: string) => `${snapshotPrefix(snapshotId)}/${name}`;
  const options = {
    ifAbsent: true,
    ...(facts.retainUntil === undefined ? {} : { retainUntil: facts.retainUntil }),
    ...(facts.signal === undefined ? {} : { signal: facts.signal }),
  };
  const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  const put: string[] = [];
  try {
    const schema = await vault.put(at(SCHEMA_NAME), json(moment.schema), {
      ...options,
      contentType: "application/json",
    });
    put.push(at(SCHEMA_NAME));
    const tables = await writeTables(vault, moment, facts, at, options, put);
    const manifest: SnapshotManifest = {
      format: 1,
      snapshotId,
      takenAt: facts.takenAt,
      operator: facts.operator,
      reason: facts.reason,
      engine: facts.engine,
      family: moment.schema.family,
      serverVersion: facts.serverVersion,
      codeVersion: facts.codeVersion,
      location: facts.location,
      fingerprint: moment.schema.fingerprint,
      journal: moment.journal,
      extensions: moment.schema.extensions,
      roles: moment.schema.roles,
      tables,
      rows: tables.reduce((sum, table) => sum + table.rows, 0),
      bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
      retainUntil: facts.retainUntil?.toISOString() ?? null,
      durationMs: facts.elapsed(),
    };
    const about = await vault.put(at(MANIFEST_NAME), json(manifest), { ...options, contentType: "application/json" });
    put.push(at(MANIFEST_NAME));
    const sums: Sum[] = [
      { name: SCHEMA_NAME, sha256: schema.sha256 },
      { name: MANIFEST_NAME, sha256: about.sha256 },
      ...tables.map((table) => ({ name: table.file, sha256: table.fileSha256 })),
    ];
    const text = formatSums(sums);
    await vault.put(at(SUMS_NAME), Buffer.from(text), options);
    return { manifest, sha256: sha256(text) };
  } catch (error) {
    // Best effort: what stays is in no listing, and goes with the retention sweep.
    for (const key of put) await vault.delete(key).catch(() => {});
    throw error;
  }
}

async function writeTables(
  vault: Vault,
  moment: SnapshotMoment,
  facts: SnapshotFacts,
  at: (name: string) => string,
  options: Parameters<Vault["put"]>[2],
  put: string[],
): Promise<ManifestTable[]> {
  const { tables } = moment.schema;
  const written: ManifestTable[] = [];
  let [next, done, failed] = [0, 0, false];
  const worker = async () => {
    while (next < tables.length && !failed) {
      facts.signal?.throwIfAborted();
      const number = next++;
      const table = tables[number]!;
      const file = `data/${String(number + 1).padStart(4, "0")}-${plain(table.name)}.zst`;
      let raw: PutResult | undefined;
      const { rows, value } = await moment.read(table, (chunks) =>
        vault.put(
          at(file),
          compressed(chunks, (tally) => {
            raw = tally;
          }),
          options,
        ),
      );
      put.push(at(file));
      if (raw === undefined) throw new Error("the vault did not read the whole stream");
      const { schema, name } = table;
      written[number] = {
        ...{ schema, name, file, rows, bytes: value.bytes, fileSha256: value.sha256 },
        ...{ rawBytes: raw.bytes, sha256: raw.sha256 },
      };
      facts.onTable?.(++done, tables.length);
    }
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: moment.readers }, async () => {
      try {
        await worker();
      } catch (error) {
        failed = true;
        throw error;
      }
    }),
  );
  const broken = outcomes.find((outcome) => outcome.status === "rejected");
  if (broken) throw broken.reason;
  return written;
}

/** Enough of a table's name to find it by eye; the manifest has the name itself. */
function plain(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 60) || "table";
}
