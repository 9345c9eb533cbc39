import {
  type Connection,
  type Engine,
  type EntityCounts,
  type ImportResult,
  type ImportWarning,
  type Lease,
  type Run,
  sha256,
} from "@runback/core";
import { type BundleFiles, writeBundle, writeBundleFolder } from "@runback/vault";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { policyBundle } from "../policies.ts";
import { holdLease } from "../run/lease-guard.ts";
import { assertStaged } from "./assert-staged.ts";
import type { EvidenceCheckpoint } from "./checkpoint.ts";
import { idMap } from "./id-map.ts";
import type { ImportOptions } from "./import-options.ts";
import { migrationReport } from "./migration-report.ts";
import { refusalsListed, refusedRows, samples } from "./plan-summary.ts";
import { planTable, stageName } from "./stage-tables.ts";
import { importWarnings } from "./warnings.ts";

/** Writes the bundle, then completes the run. Repeating it after any interruption gives the same bundle. */
export async function writeEvidence(
  context: Context,
  options: ImportOptions,
  run: Run,
  lease: Lease | undefined,
  checkpoint: EvidenceCheckpoint,
): Promise<boolean> {
  const { engine, vault } = context;
  const { declaration } = options;
  for (const entity of declaration.entities) await assertStaged(context, engine, entity, run.runId, checkpoint.plan);
  const prefix = `${options.dryRun ? "dry-runs" : "bundles"}/${run.runId}`;
  const files = bundleFiles(context, options, run, checkpoint);
  const written = await writeBundle(vault, prefix, files);
  if (options.bundleFolder !== undefined) await writeBundleFolder(options.bundleFolder, files);
  const result = await importResult(context, options, run, checkpoint, {
    path: options.bundleFolder ?? prefix,
    sha256: written.sha256,
  });
  await engine.transaction(async (tx) => {
    if (lease) await holdLease(context, tx, lease);
    // Once more: lost between two pages of the id map, the rest of it would have read as empty.
    for (const entity of declaration.entities) await assertStaged(context, tx, entity, run.runId, checkpoint.plan);
    if (engine.capabilities.transactionalDdl) await dropStaging(engine, tx, options, run.runId);
    if (!options.dryRun) await engine.store.savePolicies(tx, declaration.name, policiesOf(options));
    await engine.store.updateRun(tx, run.runId, {
      state: "completed",
      result,
      bundle: { path: prefix, sha256: written.sha256 },
      completedAt: checkpoint.completedAt,
    });
    await appendAudit(tx, engine.dialect, declaration.auditTable, "migration:completed", {
      run_id: run.runId,
      mode: run.mode,
      operator: run.operator,
      counts: result.entities,
      // Whole seconds, rounded up: reports sum it as an integer.
      duration: Math.ceil(result.durationMs / 1000),
      duration_ms: result.durationMs,
      plan: checkpoint.plan.digest,
      bundle_sha256: written.sha256,
    });
    if (lease) await engine.store.releaseLease(tx, lease);
  });
  // Where DDL commits by itself, staging goes after the run is complete; what a crash leaves here, the retention sweep drops.
  if (!engine.capabilities.transactionalDdl) await dropStaging(engine, engine, options, run.runId);
  return true;
}

async function dropStaging(
  { dialect }: Engine,
  connection: Connection,
  { declaration }: ImportOptions,
  runId: string,
): Promise<void> {
  for (const entity of declaration.entities)
    await connection.query(`DROP TABLE IF EXISTS ${dialect.table(planTable(stageName(runId), entity))}`);
}

function policiesOf(options: ImportOptions): Readonly<Record<string, unknown>> {
  const bundle = policyBundle(options.declaration.policies, options.policies, "") as {
    policies: { key: string; value: unknown }[];
  };
  return Object.fromEntries(bundle.policies.map(({ key, value }) => [key, value]));
}

function bundleFiles(context: Context, options: ImportOptions, run: Run, checkpoint: EvidenceCheckpoint): BundleFiles {
  const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  const { declaration } = options;
  const stage = stageName(run.runId);
  return new Map<string, Uint8Array | (() => AsyncIterable<Uint8Array>)>([
    ["migration-report.json", () => migrationReport(context, declaration, run, checkpoint, stage)],
    ["policy-bundle.json", json(policyBundle(declaration.policies, options.policies, checkpoint.completedAt))],
    [
      "migration-config.json",
      json({
        migration: declaration.name,
        source: run.mode === "dry" ? "dry-run" : "csv",
        planDigest: checkpoint.plan.digest,
        plan: checkpoint.plan.parts,
        files: checkpoint.plan.staged,
        engine: context.engine.name,
      }),
    ],
    ["id-map.json", () => idMap(context, declaration, stage)],
    ...checkpoint.digests.map((digest) => [`row-digests/${fileName(digest.table)}.json`, json(digest)] as const),
  ]);
}

/** Table names are quoted identifiers and may hold anything; file names may not. */
export function fileName(table: string): string {
  return /^[\w.-]{1,100}$/.test(table) ? table : `table-${sha256(table).slice(0, 16)}`;
}

/** Counts as written: rows that others changed between plan and step turned from updates into conflicts. */
export function finalCounts({
  plan,
  applied,
}: Pick<EvidenceCheckpoint, "plan" | "applied">): Record<string, EntityCounts> {
  return Object.fromEntries(
    Object.entries(plan.entities).map(([name, counts]) => {
      const lost = applied.changedMeanwhile[name] ?? 0;
      return [name, { ...counts, updated: counts.updated - lost, conflicts: counts.conflicts + lost }];
    }),
  );
}

async function importResult(
  context: Context,
  { declaration, dryRun }: ImportOptions,
  run: Run,
  checkpoint: EvidenceCheckpoint,
  bundle: { path: string; sha256: string },
): Promise<ImportResult> {
  const { engine } = context;
  const stage = stageName(run.runId);
  const entities = finalCounts(checkpoint);
  const sampled: Record<string, Awaited<ReturnType<typeof samples>>> = {};
  for (const entity of declaration.entities)
    sampled[entity.name] = dryRun ? await samples(engine, engine.dialect, entity, stage) : [];
  return {
    runId: run.runId,
    dryRun,
    planDigest: checkpoint.plan.digest,
    durationMs: Date.parse(checkpoint.completedAt) - Date.parse(run.startedAt),
    entities,
    quarantine: await refusedRows(engine, engine.dialect, declaration, stage, refusalsListed),
    quarantineTotal: Object.values(entities).reduce((sum, counts) => sum + counts.quarantined + counts.conflicts, 0),
    bundle,
    warnings: importWarnings(declaration, entities, checkpoint.plan.notes) satisfies ImportWarning[],
    samples: sampled,
  };
}
