import { type Engine, RunbackError, sameTable, type TableRef } from "@runback/core";
import {
  openSnapshot,
  readBundle,
  type SnapshotManifest,
  snapshotNotFound,
  snapshotPrefix,
  verifyBundle,
} from "@runback/vault";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { compareContent } from "./compare-content.ts";
import { addProof } from "./proofs.ts";
import { snapshotPort } from "./snapshot-port.ts";

export interface SnapshotVerifyOptions {
  readonly snapshotId: string;
  readonly operator: string;
  /** An empty database that goes away when closed. */
  readonly openScratch: () => Promise<Engine>;
  readonly auditTable: TableRef;
}

/** The document `snapshot verify --json` prints. */
export interface SnapshotVerification {
  readonly snapshotId: string;
  readonly ok: boolean;
  readonly sha256: string | null;
  /** Every object with its hash recomputed now. */
  readonly files: readonly { readonly name: string; readonly ok: boolean; readonly reason: string | null }[];
  /** The restore into scratch; null when hashes already failed. */
  readonly restored: { readonly engine: string; readonly tables: number; readonly rows: number } | null;
  /** In words; empty when `ok`. */
  readonly problems: readonly string[];
  readonly durationMs: number;
}

/** What a restore reports of the snapshot itself, not of the machinery around it. */
const findings = [
  "RESTORE_SCHEMA_DIFFERS",
  "RESTORE_FAILED",
  "RESTORE_EXTENSION_MISSING",
  "SNAPSHOT_DAMAGED",
  "SNAPSHOT_ENCODING_UNKNOWN",
  "SNAPSHOT_UNSUPPORTED",
  "VAULT_CORRUPT",
];

/**
 * Proves a snapshot: every hash, then a real restore into an empty database, whose schema and rows are compared with what was
 * captured. What is wrong with the snapshot is a result; only what keeps it from being looked at is an error.
 *
 * @throws `SNAPSHOT_NOT_FOUND`, `SNAPSHOTS_UNSUPPORTED`
 */
export async function verifySnapshot(context: Context, options: SnapshotVerifyOptions): Promise<SnapshotVerification> {
  const { vault, clock, logger } = context;
  const { snapshotId } = options;
  const began = clock.now().getTime();
  const hashes = await checkHashes(context, snapshotId);
  const outcome =
    hashes.problems.length > 0
      ? { restored: null, problems: hashes.problems }
      : await restoreToScratch(context, options);
  const result: SnapshotVerification = {
    snapshotId,
    ok: outcome.problems.length === 0,
    sha256: hashes.sha256,
    files: hashes.files,
    ...outcome,
    durationMs: clock.now().getTime() - began,
  };
  if (result.ok) await addProof(vault, snapshotId, clock.now(), { sha256: result.sha256, ...result.restored });
  await record(context, options, result);
  logger.log(result.ok ? "info" : "error", "snapshot.verified", {
    snapshot_id: snapshotId,
    ok: result.ok,
    problems: result.problems.length,
  });
  return result;
}

async function checkHashes({ vault }: Context, snapshotId: string) {
  const place = { vault, prefix: snapshotPrefix(snapshotId) };
  const source = await readBundle(place).catch((error: unknown) => {
    throw error instanceof RunbackError && ["BUNDLE_NOT_FOUND", "VAULT_KEY_INVALID"].includes(error.code)
      ? snapshotNotFound(snapshotId, error)
      : error;
  });
  const checked = await verifyBundle(source);
  // Interrupted while it was written: it never was a snapshot.
  if (checked.sha256 === null) throw snapshotNotFound(snapshotId);
  const files = checked.files.map(({ name, ok, reason }) => ({ name, ok, reason: reason ?? null }));
  const problems = [
    ...files.filter((file) => !file.ok).map((file) => `${file.name}: ${file.reason}`),
    ...checked.extra.map((name) => `${name}: no hash covers it`),
  ];
  return { sha256: checked.sha256, files, problems };
}

async function restoreToScratch(
  context: Context,
  { snapshotId, openScratch }: SnapshotVerifyOptions,
): Promise<Pick<SnapshotVerification, "restored" | "problems">> {
  let manifest: SnapshotManifest | undefined;
  let scratch: Engine | undefined;
  try {
    const opened = await openSnapshot(context.vault, snapshotId);
    manifest = opened.manifest;
    const source = await opened.source();
    scratch = await openScratch();
    const different: string[] = [];
    await snapshotPort(scratch).load(source, {
      loaded: async (moment) => {
        different.push(...(await compareContent(moment, opened.manifest)));
      },
      onTable: (done, total) => context.onProgress?.({ runId: snapshotId, phase: "restore to scratch", done, total }),
    });
    return {
      restored: { engine: scratch.name, tables: manifest.tables.length, rows: manifest.rows },
      problems: different.map((table) => `${table}: its rows came back different`),
    };
  } catch (error) {
    if (!(error instanceof RunbackError) || !findings.includes(error.code)) throw error;
    return { restored: null, problems: [`${error.code}: ${error.message}`] };
  } finally {
    await scratch?.close();
  }
}

async function record(
  context: Context,
  { operator, auditTable }: SnapshotVerifyOptions,
  result: SnapshotVerification,
): Promise<void> {
  const { engine } = context;
  const audited = await engine.audit.tables(engine).catch(() => []);
  if (!audited.some((table) => sameTable(table, auditTable))) return;
  await engine.transaction((tx) =>
    appendAudit(tx, engine.dialect, auditTable, "migration:snapshot:verified", {
      snapshot_id: result.snapshotId,
      operator,
      ok: result.ok,
      sha256: result.sha256,
      problems: result.problems.length,
    }),
  );
}
