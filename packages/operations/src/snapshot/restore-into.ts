import { type Engine, sameTable, type TableRef } from "@runback/core";
import { openSnapshot } from "@runback/vault";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { compareContent } from "./compare-content.ts";
import { snapshotResult } from "./create.ts";
import { refuseTooLarge } from "./refuse-too-large.ts";
import type { RestoreResult } from "./restore.ts";
import { contentDiffers } from "./restore-errors.ts";
import { snapshotPort } from "./snapshot-port.ts";

export interface RestoreIntoOptions {
  readonly snapshotId: string;
  readonly operator: string;
  /** An empty database. It stays open. */
  readonly into: Engine;
  /** Of this target: copying its data elsewhere goes on record, if it has that table. */
  readonly auditTable: TableRef;
}

/**
 * Builds a snapshot in another, empty database, in one transaction: it is there whole and compared, or not at all. Owners, grants
 * and policies stay behind.
 *
 * @throws `RESTORE_TARGET_NOT_EMPTY`, `RESTORE_*`, `SNAPSHOT_NOT_FOUND`, `SNAPSHOT_DAMAGED`
 */
export async function restoreSnapshotInto(context: Context, options: RestoreIntoOptions): Promise<RestoreResult> {
  const { engine, clock, vault } = context;
  const { snapshotId, operator, into, auditTable } = options;
  const began = clock.now().getTime();
  const { manifest, sha256, source } = await openSnapshot(vault, snapshotId);
  refuseTooLarge(snapshotPort(into), manifest);
  await snapshotPort(into).load(await source(), {
    loaded: async (moment) => {
      const different = await compareContent(moment, manifest);
      if (different.length > 0) throw contentDiffers(different);
    },
    onTable: (done, total) => context.onProgress?.({ runId: snapshotId, phase: "restore", done, total }),
  });
  if ((await engine.audit.tables(engine).catch(() => [])).some((table) => sameTable(table, auditTable))) {
    await engine.transaction((tx) =>
      appendAudit(tx, engine.dialect, auditTable, "migration:snapshot:copied", {
        snapshot_id: snapshotId,
        operator,
        into: into.location,
        rows: manifest.rows,
        sha256,
      }),
    );
  }
  const { retainUntil: _, ...about } = snapshotResult({ manifest, sha256 });
  return {
    ...about,
    durationMs: clock.now().getTime() - began,
    runId: null,
    safetySnapshotId: null,
    verified: true,
    kept: [],
    remains: [],
  };
}
