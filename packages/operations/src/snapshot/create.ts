import { randomBytes } from "node:crypto";
import {
  type Connection,
  newSnapshotId,
  qualifiedName,
  RunbackError,
  type SnapshotMoment,
  sameTable,
  type TableRef,
  version,
} from "@runback/core";
import { type SnapshotManifest, type WrittenSnapshot, writeSnapshot } from "@runback/vault";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { snapshotPort } from "./snapshot-port.ts";

export interface SnapshotOptions {
  readonly operator: string;
  /** Why, for the record. */
  readonly reason?: string;
  /** Days nobody can delete it, in a vault that locks; 0 for no lock. Default 7, the least a runbook asks for after a migration. */
  readonly retainDays?: number;
  /** Where it is put on record, if the target has that table. */
  readonly auditTable: TableRef;
}

/** The document `snapshot create --json` prints. */
export interface SnapshotResult {
  readonly snapshotId: string;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly sha256: string }>>;
  readonly bytes: number;
  /** Of `SHA256SUMS`: what an approval of its restore signs. */
  readonly sha256: string;
  readonly durationMs: number;
  readonly rows: number;
  readonly fingerprint: string;
  readonly retainUntil: string | null;
}

const defaultRetainDays = 7;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Writes one consistent moment of the whole target to the vault. Nothing in the target is locked or changed; killed at any point
 * it leaves nothing that a listing shows, and is simply taken again.
 *
 * @throws `SNAPSHOTS_UNSUPPORTED`, `SNAPSHOT_UNSUPPORTED`, `SNAPSHOT_ROWS_HIDDEN`, whatever the vault throws
 */
export async function createSnapshot(context: Context, options: SnapshotOptions): Promise<SnapshotResult> {
  const { engine } = context;
  const serverVersion = await engine.serverVersion();
  const written = await snapshotPort(engine).capture((moment) => storeMoment(context, moment, serverVersion, options));
  const result = snapshotResult(written);
  const catalog = await engine.catalog();
  const audited = (await engine.audit.tables(engine).catch(() => [])).some((table) =>
    sameTable(table, options.auditTable),
  );
  const there =
    options.auditTable.schema === "runback" || catalog.tables.some((table) => sameTable(table, options.auditTable));
  if (audited && there) await engine.transaction((tx) => auditSnapshot(context, tx, options, written));
  context.logger.log("info", "snapshot.created", {
    snapshot_id: result.snapshotId,
    rows: result.rows,
    bytes: result.bytes,
  });
  return result;
}

/** Puts a moment into the vault, under a lock where it has locks. */
export async function storeMoment(
  context: Context,
  moment: SnapshotMoment,
  serverVersion: string,
  { operator, reason, retainDays = defaultRetainDays }: Omit<SnapshotOptions, "auditTable">,
): Promise<WrittenSnapshot> {
  const { engine, vault, clock, logger, signal, onProgress } = context;
  if (!Number.isInteger(retainDays) || retainDays < 0 || retainDays > 3650) {
    throw new RunbackError("RETAIN_INVALID", "The days to retain a snapshot are a whole number from 0 to 3650.", {
      recovery: "Nothing was written. Correct --retain.",
    });
  }
  const began = clock.now();
  const snapshotId = newSnapshotId(began, randomBytes(3).toString("hex"));
  const write = (retainUntil: Date | undefined) =>
    writeSnapshot(vault, moment, {
      snapshotId,
      takenAt: began.toISOString(),
      operator,
      reason: reason ?? null,
      engine: engine.name,
      serverVersion,
      codeVersion: version,
      location: engine.location,
      elapsed: () => clock.now().getTime() - began.getTime(),
      retainUntil,
      signal,
      onTable: (done, total) => onProgress?.({ runId: snapshotId, phase: "snapshot", done, total }),
    });
  if (retainDays === 0) return await write(undefined);
  try {
    return await write(new Date(began.getTime() + retainDays * dayMs));
  } catch (error) {
    // Told by the first object put, before a row was read.
    if (!(error instanceof RunbackError) || error.code !== "VAULT_LOCK_UNSUPPORTED") throw error;
    logger.log("warn", "snapshot.create", { code: error.code, message: "stored without a lock" });
    return await write(undefined);
  }
}

export function snapshotResult({ manifest, sha256 }: WrittenSnapshot): SnapshotResult {
  return {
    snapshotId: manifest.snapshotId,
    tables: tablesOf(manifest),
    bytes: manifest.bytes,
    sha256,
    durationMs: manifest.durationMs,
    rows: manifest.rows,
    fingerprint: manifest.fingerprint,
    retainUntil: manifest.retainUntil,
  };
}

export function tablesOf(manifest: SnapshotManifest): SnapshotResult["tables"] {
  return Object.fromEntries(
    manifest.tables
      .map((table) => [qualifiedName(table), { rows: table.rows, sha256: table.sha256 }] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

export async function auditSnapshot(
  { engine }: Context,
  tx: Connection,
  { operator, auditTable }: Pick<SnapshotOptions, "operator" | "auditTable">,
  { manifest, sha256 }: WrittenSnapshot,
): Promise<void> {
  await appendAudit(tx, engine.dialect, auditTable, "migration:snapshot:created", {
    snapshot_id: manifest.snapshotId,
    operator,
    reason: manifest.reason,
    rows: manifest.rows,
    bytes: manifest.bytes,
    sha256,
  });
}
