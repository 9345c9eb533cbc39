import { attendeeStatus } from "@runback/attendance";
import { type Clock, type Engine, type ImportResult, silentLogger, type Vault } from "@runback/core";
import { openEngine, openMysql, openPostgres } from "@runback/engines";
import { sampleTierMapping, wildApricotImport } from "@runback/membership";
import type { BackfillResult, Context, RollbackResult } from "@runback/operations";
import { resumeBackfill, resumeImport, runBackfill, runImport, runRollback } from "@runback/operations";
import { openVault } from "@runback/vault";
import { isDeadHolder, thisHolder } from "../../packages/runtime/src/holder.ts";
import { CREDENTIALS } from "../vault/stores.ts";

/** One operation on one target, with everything that could differ between two runs of it held still. */
export interface Job {
  readonly databaseUrl: string;
  readonly vaultUrl: string;
  readonly action: "import" | "resume" | "rollback" | "backfill" | "resume-backfill";
  /** Folder of the export. */
  readonly source: string;
  /** Id of the run that this job starts or goes on with. */
  readonly runId: string;
  /** For a rollback: the run it takes back. */
  readonly reverts?: string;
  /** Rows a step; absent: as the operation decides. */
  readonly stepRows?: number;
  /** The time it is, all the time; absent: the system's. */
  readonly now?: string;
  /** Milliseconds of silence after which the vault is given up. */
  readonly vaultTimeoutMs?: number;
  /** Milliseconds without any answer after which a target counts as gone. */
  readonly silenceMs?: number;
  /** Milliseconds after which the server ends a transaction whose client says nothing. */
  readonly idleInTransactionMs?: number;
}

export interface JobHooks {
  /** Puts what a test wants around the target. */
  readonly engine?: (engine: Engine) => Engine;
  readonly vault?: (vault: Vault) => Vault;
  readonly onProgress?: Context["onProgress"];
}

export type JobResult = ImportResult | RollbackResult | BackfillResult;

const policies = {
  "display.organizationName": "Fault Club",
  "scheduling.timezone": "America/Los_Angeles",
  "membership.tiers.waMapping": sampleTierMapping,
};

/** Runs it to its end in this process. */
export async function runJob(job: Job, hooks: JobHooks = {}): Promise<JobResult> {
  const clock = job.now === undefined ? { now: () => new Date() } : fixedClock(job.now);
  const server = job.databaseUrl.startsWith("mysql:") ? openMysql : openPostgres;
  const opened = /^(sqlite|pglite):/.test(job.databaseUrl)
    ? await openEngine(job.databaseUrl)
    : server(job.databaseUrl, {
        max: 3,
        connectTimeout: 5,
        ...(job.silenceMs === undefined ? {} : { silenceMs: job.silenceMs }),
        ...(job.idleInTransactionMs === undefined ? {} : { idleInTransactionMs: job.idleInTransactionMs }),
      });
  const engine = hooks.engine?.(opened) ?? opened;
  const stored = await openVault(job.vaultUrl, {
    credentials: CREDENTIALS,
    ...(job.vaultTimeoutMs === undefined
      ? {}
      : { patience: { timeoutMs: job.vaultTimeoutMs, attempts: 4, backoffMs: 5 } }),
  });
  const context: Context = {
    engine,
    vault: hooks.vault?.(stored) ?? stored,
    clock,
    logger: silentLogger,
    holder: thisHolder,
    isDead: isDeadHolder,
    ...(job.stepRows === undefined ? {} : { stepRows: job.stepRows }),
    newRunId: () => job.runId,
    ...(hooks.onProgress === undefined ? {} : { onProgress: hooks.onProgress }),
  };
  const options = { declaration: wildApricotImport, policies, operator: "faults" };
  try {
    if (job.action === "import") return await runImport(context, { ...options, source: job.source, dryRun: false });
    if (job.action === "resume") return await resumeImport(context, options, job.runId);
    if (job.action === "resume-backfill") return await resumeBackfill(context, attendeeStatus, job.runId);
    if (job.action === "backfill") {
      const auditTable = { schema: "runback", name: "audit" };
      return await runBackfill(context, {
        cutover: attendeeStatus,
        operator: "faults",
        auditTable,
        runbookCompat: false,
      });
    }
    return await runRollback(context, {
      runId: job.reverts!,
      operator: "faults",
      onConflict: "abort",
      auditTable: wildApricotImport.auditTable,
    });
  } finally {
    await opened.close().catch(() => {});
    await stored.close();
  }
}

function fixedClock(now: string): Clock {
  return { now: () => new Date(now) };
}
