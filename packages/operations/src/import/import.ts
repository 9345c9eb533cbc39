import { digestOf, type ImportResult, type Run, RunbackError } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { assertNotFrozen } from "../freeze/assert-not-frozen.ts";
import { init } from "../init/init.ts";
import { effectivePolicies } from "../policies.ts";
import { createRunId } from "../random-id.ts";
import { advanceSteps, stopped } from "../run/advance.ts";
import { attempt } from "../run/attempt.ts";
import { releaseLease, takeLease } from "../run/lease-guard.ts";
import { assertStagedHere } from "./assert-staged.ts";
import { firstCheckpoint, type ImportCheckpoint } from "./checkpoint.ts";
import { type ImportOptions, maxPlanAgeMs } from "./import-options.ts";
import { importStep } from "./import-step.ts";

/** Starts a run: checks what can be checked before anything is read, takes the lease, records who and what. */
export async function startImport(context: Context, options: ImportOptions): Promise<Run> {
  const { engine, clock } = context;
  effectivePolicies(options.declaration.policies, options.policies);
  if (!options.dryRun) await assertNotFrozen(context);
  await init(context, options.declaration);
  await assertPlan(context, options);
  const runId = createRunId(context);
  const lease = options.dryRun ? undefined : await takeLease(context, leaseName(options), runId);
  try {
    await assertVault(context, runId);
    await engine.transaction(async (tx) => {
      await engine.store.createRun(tx, {
        runId,
        kind: "import",
        mode: options.dryRun ? "dry" : "live",
        migration: options.declaration.name,
        operator: options.operator,
        startedAt: clock.now().toISOString(),
        input: {
          source: options.source,
          plan: options.plan ?? null,
          bundleFolder: options.bundleFolder ?? null,
          policies: digestOf(options.policies),
        },
      });
      await engine.store.updateRun(tx, runId, { checkpoint: firstCheckpoint });
      await appendAudit(tx, engine.dialect, options.declaration.auditTable, "migration:started", {
        run_id: runId,
        mode: options.dryRun ? "dry" : "live",
        operator: options.operator,
        migration: options.declaration.name,
      });
    });
  } catch (error) {
    if (lease) await releaseLease(context, lease).catch(() => {});
    throw error;
  }
  return (await engine.store.run(engine, runId))!;
}

/** Commits steps of a run until the budget is spent. A failure is recorded on the run, which stays resumable. */
export async function advanceImport(
  context: Context,
  options: ImportOptions,
  runId: string,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  return await attempt(
    context,
    {
      runId,
      ...(options.dryRun ? {} : { leaseName: leaseName(options) }),
      auditTable: options.declaration.auditTable,
      operation: "import",
      // A contract that does not hold was refused before anything was written: there is nothing to resume.
      permanent: ["PLAN_CHANGED"],
    },
    async (lease) => {
      if (!options.dryRun) await assertNotFrozen(context);
      const { checkpoint } = (await context.engine.store.run(context.engine, runId))!;
      if ((checkpoint as ImportCheckpoint | null)?.phase === "apply")
        await assertStagedHere(context, options.declaration, runId);
      return await advanceSteps(context, () => importStep(context, options, runId, lease), budgetMs);
    },
  );
}

/** An import from start to end, or up to Ctrl-C. */
export async function runImport(context: Context, options: ImportOptions): Promise<ImportResult> {
  const run = await startImport(context, options);
  return await finishImport(context, options, run.runId);
}

/** Goes on with a run that was interrupted. @throws `RUN_NOT_FOUND`, `RUN_NOT_RESUMABLE`, `LEASE_HELD` */
export async function resumeImport(
  context: Context,
  options: Omit<ImportOptions, "source" | "dryRun"> & { source?: string },
  runId: string,
): Promise<ImportResult> {
  const run = await context.engine.store.run(context.engine, runId);
  if (run?.kind !== "import" || run.migration !== options.declaration.name) {
    throw new RunbackError("RUN_NOT_FOUND", `There is no ${options.declaration.name} import ${runId} on this target.`, {
      recovery: "List the runs with `runback runs`.",
      status: 404,
    });
  }
  if (run.state === "completed" || run.state === "aborted") {
    throw new RunbackError("RUN_NOT_RESUMABLE", `Run ${runId} is ${run.state}.`, {
      recovery: "Nothing is left to do. Start a new import instead.",
      status: 409,
    });
  }
  const input = run.input as { source: string; plan: string | null; bundleFolder: string | null };
  return await finishImport(
    context,
    {
      ...options,
      source: options.source ?? input.source,
      dryRun: run.mode === "dry",
      ...(input.plan === null ? {} : { plan: input.plan }),
      ...(input.bundleFolder === null ? {} : { bundleFolder: input.bundleFolder }),
    },
    runId,
  );
}

async function finishImport(context: Context, options: ImportOptions, runId: string): Promise<ImportResult> {
  const done = await advanceImport(context, options, runId);
  if (!done) throw stopped(runId, `runback import --resume ${runId}`);
  const run = await context.engine.store.run(context.engine, runId);
  const result = run!.result as ImportResult;
  // Stored as JSON, whose keys come back in the database's order.
  const entities = Object.fromEntries(options.declaration.entities.map(({ name }) => [name, result.entities[name]!]));
  return { ...result, entities };
}

function leaseName({ declaration }: ImportOptions): string {
  return `migration:${declaration.name}`;
}

/** A protected target runs only a plan that somebody saw, not long ago. */
async function assertPlan({ engine, clock }: Context, { plan, requirePlan, dryRun }: ImportOptions): Promise<void> {
  if (dryRun || (plan === undefined && !requirePlan)) return;
  const recovery =
    "Nothing was written. Do a dry run (`runback import --dry-run`), review it, and pass its planDigest with --plan.";
  if (plan === undefined)
    throw new RunbackError(
      "PLAN_REQUIRED",
      "This target is protected: a live import needs the plan digest of a dry run.",
      { recovery, status: 409 },
    );
  for (let before: string | undefined; ; ) {
    const page = await engine.store.runs(engine, { limit: 100, ...(before === undefined ? {} : { before }) });
    const dry = page.runs.find((run) => run.kind === "import" && run.mode === "dry" && run.planDigest === plan);
    if (dry) {
      if (clock.now().getTime() - Date.parse(dry.startedAt) <= maxPlanAgeMs) return;
      throw new RunbackError("PLAN_TOO_OLD", `The dry run ${dry.runId} with this plan is older than 24 hours.`, {
        recovery,
        status: 409,
      });
    }
    if (page.next === null)
      throw new RunbackError("PLAN_NOT_FOUND", "No dry run on this target has this plan digest.", {
        recovery,
        status: 409,
      });
    before = page.next;
  }
}

/** Evidence that cannot be stored is noticed before the first row is written, not after the last. */
async function assertVault({ vault, clock }: Context, runId: string): Promise<void> {
  await vault.put(
    `runs/${runId}/started.json`,
    Buffer.from(JSON.stringify({ runId, startedAt: clock.now().toISOString() })),
    { ifAbsent: true },
  );
}
