import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Approval,
  type AuditEntry,
  type AuditPage,
  type ConflictPolicy,
  type ImportResult,
  isRunId,
  type Run,
  RunbackError,
  type StepRow,
  type StoredToken,
  type TableRef,
  type VerificationReport,
} from "@runback/core";
import * as operations from "@runback/operations";
import type { BundleSource } from "@runback/vault";
import { readBundle } from "@runback/vault";
import { type AlertVerbs, alertVerbs } from "./alert-verbs.ts";
import { type AttendanceVerbs, attendanceVerbs } from "./attendance-verbs.ts";
import { anchorAudit, auditTables, mainTrail, ownTrail, sweepRetention, verifyAudit } from "./audit-trails.ts";
import { type BackfillVerbs, backfillVerbs } from "./backfill-verbs.ts";
import type { MigrationConfig, RunbackConfig } from "./config.ts";
import { type CutoverVerbs, cutoverVerbs } from "./cutover-verbs.ts";
import { type Health, health } from "./health.ts";
import { type MonitorVerbs, monitorVerbs } from "./monitors.ts";
import { outsideSource } from "./outside-source.ts";
import { type SnapshotVerbs, snapshotVerbs } from "./snapshot-verbs.ts";

export interface RuntimeParts {
  readonly context: operations.Context;
  readonly config: RunbackConfig;
  readonly home: string;
  readonly target: string;
  /** Where receivers of alerts have their addresses and keys. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** With its password: for programs that `exec` starts, never for output. */
  readonly databaseUrl: string;
  readonly protectedTarget: boolean;
  readonly close: () => Promise<void>;
}

export interface ImportRequest {
  readonly migration?: string;
  readonly source?: string;
  readonly operator: string;
  readonly dryRun: boolean;
  readonly plan?: string;
  readonly bundleFolder?: string;
}

export interface RollbackRequest {
  readonly runId: string;
  readonly operator: string;
  readonly onConflict: ConflictPolicy;
  readonly planDigest?: string;
  readonly approval?: string;
}

/** The operations of one target, wired: what command line, API and functions call. */
export interface Runtime extends RuntimeParts {
  init(migration?: string): Promise<operations.InitResult>;
  import(request: ImportRequest): Promise<ImportResult>;
  resume(runId: string): Promise<ImportResult>;
  /** Records the run without executing it: `advance` does. */
  startImport(request: ImportRequest): Promise<Run>;
  /** Commits steps of any run until the budget is spent: how schedules and workflows host runs. */
  advance(runId: string, budgetMs: number): Promise<operations.Advanced>;
  /** Gives up this process's lease of a run that another one is to execute; otherwise that one waits until it expires. */
  handOver(runId: string): Promise<void>;
  runs(page: { limit: number; before?: string }): Promise<{ runs: Run[]; next: string | null }>;
  /** @throws `RUN_NOT_FOUND` */
  run(runId: string): Promise<Run & { readonly stepList: readonly StepRow[] }>;
  planRollback(runId: string, onConflict?: ConflictPolicy): Promise<operations.RollbackResult>;
  rollback(request: RollbackRequest): Promise<operations.RollbackResult>;
  startRollback(request: RollbackRequest): Promise<{ rollbackRunId: string; result?: operations.RollbackResult }>;
  /** @throws `VERIFICATION_NOT_FOUND` */
  verification(id: string): Promise<VerificationReport>;
  latestVerification(runId: string): Promise<{ id: string; report: VerificationReport } | null>;
  /** @param bundle a run id, or (only where `folders` allows it) a folder on this machine */
  verify(
    bundle: string,
    options?: { folders?: boolean; listener?: operations.VerifyListener; record?: boolean },
  ): Promise<{ report: VerificationReport; id: string | null }>;
  bundle(reference: string, options?: { folders?: boolean }): Promise<BundleSource>;
  approve(request: operations.ApprovalRequest): Promise<Approval>;
  /** @throws `APPROVAL_NOT_FOUND` */
  approval(id: string): Promise<Approval>;
  mintToken(request: operations.TokenRequest): Promise<operations.MintedToken>;
  tokens(): Promise<StoredToken[]>;
  /** @throws `TOKEN_NOT_FOUND` */
  revokeToken(id: string, operator: string): Promise<void>;
  /** The folder a source named over the network stands for. @throws `SOURCE_REFUSED`, `SOURCE_NOT_FOUND` */
  outsideSource(source: string): string;
  health(): Promise<Health>;
  auditTable(): TableRef;
  /** A page of the trail, newest first. @throws `CURSOR_INVALID`, `LIMIT_INVALID` */
  audit(page: AuditPage): Promise<{ entries: AuditEntry[]; next: string | null }>;
  /** Recomputes every trail of this installation. Never throws for what it finds. */
  verifyAudit(): Promise<operations.AuditVerifyResult[]>;
  /** Verifies every trail and anchors those that hold: what a schedule calls. @throws `AUDIT_BROKEN` */
  anchorAudit(): Promise<operations.AnchorResult[]>;
  /** Deletes what has outlived its retention: what a schedule calls. @throws `RETENTION_INCOMPLETE` */
  sweepRetention(): Promise<operations.SweepResult>;
  migration(name?: string): MigrationConfig;
  readonly backfills: BackfillVerbs;
  readonly snapshots: SnapshotVerbs;
  readonly alerts: AlertVerbs;
  readonly attendance: AttendanceVerbs;
  readonly monitors: MonitorVerbs;
  readonly cutovers: CutoverVerbs;
  /** Keeps everybody from writing until it is lifted. */
  freezeOn(request: { readonly operator: string; readonly reason: string }): Promise<operations.FreezeResult>;
  freezeOff(request: { readonly operator: string }): Promise<operations.FreezeResult>;
  freezeState(): Promise<operations.FreezeResult>;
}

export function runtimeOver(parts: RuntimeParts): Runtime {
  const { context, config } = parts;
  const { engine } = context;
  const trail = mainTrail(config);

  const migration = (name?: string): MigrationConfig => {
    const found =
      name === undefined ? config.migrations[0] : config.migrations.find((each) => each.declaration.name === name);
    if (found) return found;
    if (name === undefined) {
      throw new RunbackError("MIGRATION_UNKNOWN", "This installation imports nothing: it has no migrations.", {
        recovery: "Add one to `migrations` in runback.config.ts.",
        status: 404,
      });
    }
    throw new RunbackError("MIGRATION_UNKNOWN", `No migration is named ${name}.`, {
      recovery: `Migrations of this installation: ${config.migrations.map((each) => each.declaration.name).join(", ") || "none"}.`,
      status: 404,
    });
  };
  // Programs and their rollbacks belong to no migration: their runs say where they are on record.
  const auditOf = (run: Pick<Run, "migration" | "input">): TableRef =>
    (run.input as { auditTable?: TableRef } | null)?.auditTable ??
    config.migrations.find((each) => each.declaration.name === run.migration)?.declaration.auditTable ??
    ownTrail;
  const known = async (runId: string): Promise<Run> => {
    const run = isRunId(runId) ? await engine.store.run(engine, runId) : undefined;
    if (run) return run;
    throw new RunbackError("RUN_NOT_FOUND", `There is no run ${runId.slice(0, 80)} on this target.`, {
      recovery: "List the runs with `runback runs`, and check that --target names the right database.",
      status: 404,
    });
  };
  const importOptions = (request: ImportRequest): operations.ImportOptions => {
    const { declaration, policies, source } = migration(request.migration);
    const folder = request.source ?? source;
    if (folder === undefined)
      throw new RunbackError("SOURCE_MISSING", "No source is given.", {
        recovery: "Pass --source <folder of the export>, or set it in runback.config.ts.",
      });
    return {
      declaration,
      policies,
      source: sourceFolder(parts.home, folder),
      operator: request.operator,
      dryRun: request.dryRun,
      requirePlan: parts.protectedTarget,
      ...(request.plan === undefined ? {} : { plan: request.plan }),
      ...(request.bundleFolder === undefined ? {} : { bundleFolder: request.bundleFolder }),
    };
  };
  const rollbackOptions = async (request: RollbackRequest): Promise<operations.RollbackOptions> => ({
    ...request,
    auditTable: auditOf(await known(request.runId)),
  });
  const storedImport = (run: Run): operations.ImportOptions => {
    const input = run.input as { source: string; plan: string | null; bundleFolder: string | null };
    return importOptions({
      migration: run.migration,
      source: input.source,
      operator: run.operator,
      dryRun: run.mode === "dry",
      ...(input.plan === null ? {} : { plan: input.plan }),
      ...(input.bundleFolder === null ? {} : { bundleFolder: input.bundleFolder }),
    });
  };
  const bundle: Runtime["bundle"] = async (reference, { folders = false } = {}) => {
    if (folders && existsSync(reference) && statSync(reference).isDirectory())
      return await readBundle(resolve(reference));
    if (isRunId(reference)) {
      const run = await engine.store.run(engine, reference).catch(() => undefined);
      return await readBundle({ vault: context.vault, prefix: run?.bundle?.path ?? `bundles/${reference}` });
    }
    if (folders) return await readBundle(resolve(reference));
    throw new RunbackError("BUNDLE_NOT_FOUND", "The bundle is named by a run id.", {
      recovery: "Give the id of a run, as `runback runs` lists them.",
      status: 404,
    });
  };

  const snapshots = snapshotVerbs(context, config);
  const attendance = attendanceVerbs(context, config);
  const cutovers = cutoverVerbs(context, config);
  const backfills = backfillVerbs(context, config, cutovers.definition);

  const runtime: Runtime = {
    ...parts,
    migration,
    auditTable: () => trail,
    audit: (page) => operations.auditList(context, trail, page),
    verifyAudit: () => verifyAudit(context, auditTables(config)),
    anchorAudit: () => anchorAudit(context, auditTables(config)),
    sweepRetention: () => sweepRetention(context),
    init: (name) =>
      name === undefined && config.migrations.length === 0
        ? operations.initTrail(context, trail)
        : operations.init(context, migration(name).declaration),
    import: (request) => operations.runImport(context, importOptions(request)),
    resume: async (runId) => operations.resumeImport(context, storedImport(await known(runId)), runId),
    startImport: (request) => operations.startImport(context, importOptions(request)),
    advance: async (runId, budgetMs) => {
      const run = await known(runId);
      if (run.kind === "import" && run.state !== "completed" && run.state !== "aborted")
        await operations.advanceImport(context, storedImport(run), runId, budgetMs);
      if (run.kind === "backfill" && run.state !== "completed" && run.state !== "aborted")
        await backfills.advance(run, budgetMs);
      if (run.kind === "rollback")
        await operations.advanceRollback(context, { auditTable: auditOf(run) }, runId, budgetMs);
      if (run.kind === "restore" || (run.kind === "snapshot" && run.state !== "completed" && run.state !== "aborted"))
        await snapshots.advance(run);
      if (run.kind === "attendance" && run.state !== "completed" && run.state !== "aborted")
        await attendance.advance(run, budgetMs);
      const now = await known(runId);
      return { done: now.state !== "running" && now.state !== "paused", state: now.state };
    },
    handOver: async (runId) => {
      const lease = await engine.store.lease(engine, `migration:${(await known(runId)).migration}`);
      if (lease?.runId === runId && lease.holder === context.holder)
        await engine.transaction((tx) => engine.store.releaseLease(tx, lease));
    },
    runs: (page) => engine.store.runs(engine, page),
    run: async (runId) => ({ ...(await known(runId)), stepList: await engine.store.steps(engine, runId) }),
    planRollback: (runId, onConflict = "abort") => operations.planRollback(context, runId, onConflict),
    rollback: async (request) => operations.runRollback(context, await rollbackOptions(request)),
    startRollback: async (request) => operations.startRollback(context, await rollbackOptions(request)),
    verify: async (reference, { folders = false, listener, record = true } = {}) => {
      const { declaration } = migration();
      const report = await operations.verify(context, {
        declaration,
        bundle: await bundle(reference, { folders }),
        bundlePath: reference,
        ...(listener === undefined ? {} : { listener }),
      });
      return { report, id: record ? await operations.recordVerification(context, declaration, report) : null };
    },
    verification: async (id) => {
      const report = await engine.store.verification(engine, id);
      if (report === undefined) throw notFound("VERIFICATION_NOT_FOUND", "verification");
      return report as VerificationReport;
    },
    latestVerification: async (runId) => {
      const found = await engine.store.latestVerification(engine, runId);
      return found === undefined ? null : { id: found.id, report: found.report as VerificationReport };
    },
    bundle,
    approve: (request) => operations.approve(context, request, trail),
    approval: async (id) => {
      const approval = await engine.store.approval(engine, id);
      if (approval === undefined) throw notFound("APPROVAL_NOT_FOUND", "approval");
      return approval;
    },
    mintToken: (request) => operations.mintToken(context, request, trail),
    tokens: () => engine.store.tokens(engine),
    revokeToken: (id, operator) => operations.revokeToken(context, { id, operator }, trail),
    outsideSource: (source) =>
      outsideSource(
        {
          home: parts.home,
          configured: config.migrations.flatMap((each) => each.source ?? []),
          base: config.sourceFolder,
        },
        source,
      ),
    backfills,
    snapshots,
    attendance,
    alerts: alertVerbs(context, config, parts.env),
    monitors: monitorVerbs(context, config, () => runtime),
    cutovers,
    freezeOn: (request) => operations.freezeOn(context, { ...request, auditTable: trail }),
    freezeOff: (request) => operations.freezeOff(context, { ...request, auditTable: trail }),
    freezeState: () => operations.freezeState(context),
    health: () => health(context),
  };
  return runtime;
}

function notFound(code: string, what: string): RunbackError {
  return new RunbackError(code, `There is no ${what} of this id on this target.`, {
    recovery: "Check the id, and that it belongs to this target.",
    status: 404,
  });
}

/** @throws `SOURCE_UNSUPPORTED` for addresses this version does not read */
function sourceFolder(home: string, source: string): string {
  if (/^[a-z]+:\/\//.test(source)) {
    throw new RunbackError(
      "SOURCE_UNSUPPORTED",
      `Sources of the kind ${source.split("://")[0]}:// are not read by this version.`,
      { recovery: "Export to CSV and pass the folder with --source." },
    );
  }
  return resolve(home, source);
}
