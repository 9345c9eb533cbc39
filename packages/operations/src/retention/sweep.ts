import type { Context } from "../context.ts";
import { dropReplaced } from "../snapshot/drop-replaced.ts";
import { retentionRules } from "./rules.ts";
import { sweepEvidence } from "./sweep-evidence.ts";
import { sweepKeys } from "./sweep-keys.ts";
import { sweepMetrics } from "./sweep-metrics.ts";
import { sweepStages } from "./sweep-stages.ts";
import { type SweptVault, sweepVault } from "./sweep-vault.ts";

export interface SweepOptions {
  /** Report what would go; delete nothing. */
  readonly dryRun: boolean;
}

/** Something that should have gone and did not. */
export interface SweepError {
  readonly what: string;
  readonly code: string;
}

export interface SweepResult {
  readonly dryRun: boolean;
  readonly vault: readonly SweptVault[];
  /** Scratch tables dropped. */
  readonly stageTables: readonly string[];
  readonly idempotencyKeys: number;
  /** Monitor runs of cutovers that found nothing wrong. */
  readonly monitorRuns: number;
  /** Hours of what applications reported of cutovers, and ids of reports. */
  readonly cutoverMetrics: number;
  readonly errors: readonly SweepError[];
  readonly failed: boolean;
}

/**
 * Deletes what has outlived its retention: in the vault dry runs (7 days), snapshots and start markers (30), in the target
 * staging tables that no run needs any more, old idempotency keys, clean monitor runs of cutovers and
 * what applications reported of their earlier phases (90 days), and what a restore replaced. Bundles and audit anchors are never touched. What
 * cannot be deleted is reported and does not stop the rest.
 */
export async function retentionSweep(context: Context, { dryRun }: SweepOptions): Promise<SweepResult> {
  const errors: SweepError[] = [];
  const failed = (what: string, error: unknown) => {
    const code = String((error as { code?: unknown }).code ?? "UNEXPECTED");
    errors.push({ what, code });
    context.logger.log("error", "retention.failed", { what, code });
  };
  const vault: SweptVault[] = [];
  for (const rule of retentionRules) vault.push(await sweepVault(context, rule, dryRun, failed));
  const stageTables = await sweepStages(context, dryRun, failed);
  const idempotencyKeys = await sweepKeys(context, dryRun, failed);
  const monitorRuns = await sweepEvidence(context, dryRun, failed);
  const cutoverMetrics = await sweepMetrics(context, dryRun, failed);
  if (!dryRun) await sweepReplaced(context, failed);
  const found = { dryRun, vault, stageTables, idempotencyKeys, monitorRuns, cutoverMetrics };
  const result: SweepResult = { ...found, errors, failed: errors.length > 0 };
  context.logger.log(result.failed ? "error" : "info", "retention.swept", {
    dry_run: dryRun,
    objects: vault.reduce((sum, each) => sum + each.objects, 0),
    stage_tables: stageTables.length,
    idempotency_keys: idempotencyKeys,
    monitor_runs: monitorRuns,
    cutover_metrics: cutoverMetrics,
    errors: errors.length,
  });
  return result;
}

/** What somebody made in it while it was replaced is theirs to take out: it is named every time until then. */
async function sweepReplaced(context: Context, failed: (what: string, error: unknown) => void): Promise<void> {
  try {
    for (const { name, why } of await dropReplaced(context))
      failed(`schema ${name}`, { code: why === "changed" ? "RESTORE_REMAINS" : "LOCK_TIMEOUT" });
  } catch (error) {
    failed("what restores replaced", error);
  }
}
