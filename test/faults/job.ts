import { attendeeStatus } from "@runback/attendance";
import { type Clock, type DualWrite, type Engine, silentLogger, type Vault } from "@runback/core";
import { openEngine, openMysql, openPostgres } from "@runback/engines";
import { sampleTierMapping, wildApricotImport } from "@runback/membership";
import {
  advanceCutover,
  type Context,
  deliverAlerts,
  migrateAttendance,
  monitorCutover,
  removeAttendance,
  resumeBackfill,
  resumeImport,
  retreatCutover,
  runBackfill,
  runImport,
  runRollback,
  type Watched,
  watch,
} from "@runback/operations";

import { openVault } from "@runback/vault";
import { isDeadHolder, thisHolder } from "../../packages/runtime/src/holder.ts";
import { alertSender } from "../../packages/runtime/src/send-alert.ts";
import { killedCutover } from "../cutover/killed-cutover.ts";
import { CREDENTIALS } from "../vault/stores.ts";

/** One operation on one target, with everything that could differ between two runs of it held still. */
export interface Job {
  readonly databaseUrl: string;
  readonly vaultUrl: string;
  readonly action: keyof typeof actions;
  /** Folder of the export. */
  readonly source: string;
  /** Id of the run that this job starts or goes on with. */
  readonly runId: string;
  /** For a rollback: the run it takes back. */
  readonly reverts?: string;
  /** For a move of a cutover: where it leads. */
  readonly to?: string;
  /** For a move of a cutover: who keeps both columns in step. */
  readonly dualWrite?: DualWrite;
  /** A second person's, for what is removed. */
  readonly approval?: string;
  /** URL that alerts go to. */
  readonly receiver?: string;
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
  /** Called when a receiver has answered, before that is written down. */
  readonly answered?: () => Promise<void>;
}

export type JobResult = Awaited<ReturnType<(typeof actions)[keyof typeof actions]>>;

const policies = {
  "display.organizationName": "Fault Club",
  "scheduling.timezone": "America/Los_Angeles",
  "membership.tiers.waMapping": sampleTierMapping,
};
const options = { declaration: wildApricotImport, policies, operator: "faults" };
const auditTable = { schema: "runback", name: "audit" };
const about = { operator: "faults", auditTable };
const secret = `whsec_${Buffer.from("a secret of thirty-two bytes, ok").toString("base64")}`;

/** A monitor as schedules run it. */
export const watched: Watched = {
  ...{ check: "monitor:cutover-attendee-status", target: "default" },
  severity: "error",
  title: "The columns of attendee-status do not agree",
};

const actions = {
  import: (context: Context, { source }: Job) => runImport(context, { ...options, source, dryRun: false }),
  resume: (context: Context, { runId }: Job) => resumeImport(context, options, runId),
  rollback: (context: Context, { reverts }: Job) => {
    const reverted = { runId: reverts!, onConflict: "abort", auditTable: wildApricotImport.auditTable } as const;
    return runRollback(context, { ...reverted, operator: "faults" });
  },
  backfill: (context: Context) => runBackfill(context, { ...about, cutover: attendeeStatus, runbookCompat: false }),
  "resume-backfill": (context: Context, { runId }: Job) => resumeBackfill(context, attendeeStatus, runId),
  advance: (context: Context, { to, dualWrite, approval }: Job) => {
    const approved = approval === undefined ? {} : { approval };
    return advanceCutover(context, killedCutover(dualWrite), { ...about, ...approved, to: to! });
  },
  retreat: (context: Context, { to, dualWrite }: Job) =>
    retreatCutover(context, killedCutover(dualWrite), { ...about, to: to! }),
  "migrate-attendance": (context: Context) => migrateAttendance(context, about),
  "remove-attendance": (context: Context, { approval }: Job) =>
    removeAttendance(context, { ...about, ...(approval === undefined ? {} : { approval }) }),
  monitor: (context: Context, { dualWrite }: Job) =>
    watch(context, watched, () => monitorCutover(context, killedCutover(dualWrite))),
  deliver: (context: Context, { receiver }: Job, { answered = async () => {} }: JobHooks) => {
    const send = alertSender(5_000);
    return deliverAlerts(context, {
      receivers: [{ name: "ops", format: "webhook", url: receiver!, secret, allowPrivate: true }],
      send: async (alert) => {
        await send(alert);
        await answered();
      },
      budgetMs: 60_000,
    });
  },
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
  try {
    return await actions[job.action](context, job, hooks);
  } finally {
    await opened.close().catch(() => {});
    await stored.close();
  }
}

function fixedClock(now: string): Clock {
  return { now: () => new Date(now) };
}
