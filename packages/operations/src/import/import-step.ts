import {
  digestOf,
  type EntityCounts,
  type ImportDeclaration,
  type Lease,
  qualifiedName,
  RunbackError,
  sameTable,
  type Table,
} from "@runback/core";
import type { Context } from "../context.ts";
import { effectivePolicies } from "../policies.ts";
import { holdLease } from "../run/lease-guard.ts";
import { applyEntity } from "./apply-entity.ts";
import type { ImportCheckpoint } from "./checkpoint.ts";
import { writeEvidence } from "./evidence.ts";
import type { ImportOptions } from "./import-options.ts";
import { countRows, importTables } from "./import-tables.ts";
import { parseContext } from "./parse-context.ts";
import { countEntity, type PlanSummary } from "./plan-summary.ts";
import { type StagedEntity, stageEntity } from "./stage-entity.ts";
import { stageName } from "./stage-tables.ts";

const firstStepRows = 5_000;
/** Milliseconds a step waits for a lock: other writers are busy for seconds, a forgotten session for hours. */
const stepLockMs = 30_000;

/** One bounded step of an import: whatever its checkpoint says comes next. True when the run is complete. */
export async function importStep(
  context: Context,
  options: ImportOptions,
  runId: string,
  lease: Lease | undefined,
): Promise<boolean> {
  const run = (await context.engine.store.run(context.engine, runId))!;
  const checkpoint = run.checkpoint as ImportCheckpoint;
  if (checkpoint.phase === "stage") await stage(context, options, runId, lease);
  else if (checkpoint.phase === "apply") await applyEntity(context, options, run, lease!, checkpoint);
  else return await writeEvidence(context, options, run, lease, checkpoint);
  return false;
}

/** Parses, stages and classifies every entity; the target's own tables are only read. */
async function stage(context: Context, options: ImportOptions, runId: string, lease: Lease | undefined): Promise<void> {
  const { engine } = context;
  const { declaration } = options;
  const policies = effectivePolicies(declaration.policies, options.policies);
  const notes = await parseContext(engine, engine.dialect, declaration, policies);
  const tables = await importTables(context, declaration);
  assertColumns(declaration, tables);
  const staged: StagedEntity[] = [];
  const entities: Record<string, EntityCounts> = {};
  const before: Record<string, number> = {};
  const digests: string[] = [];
  for (const entity of declaration.entities) {
    if (context.signal?.aborted) return;
    const target = tables.find((table) => sameTable(table, entity.table))!;
    await engine.transaction(
      async (tx) => {
        const input = { folder: options.source, stage: stageName(runId), context: notes.context };
        staged.push(await stageEntity(context, tx, declaration, entity, target, input));
        const { counts, digest } = await countEntity(tx, engine.dialect, entity, input.stage);
        entities[entity.name] = counts;
        digests.push(digest);
        before[entity.name] = await countRows(context, tx, target);
        // Staging of a process that was replaced meanwhile must not take the place of its successor's.
        if (lease) await holdLease(context, tx, lease);
      },
      { bulk: true, lockTimeoutMs: stepLockMs },
    );
    context.onProgress?.({
      runId,
      phase: `staged ${entity.name}`,
      done: staged.length,
      total: declaration.entities.length,
    });
  }
  const parts = {
    source: digestOf(staged.map(({ entity, sha256 }) => [entity, sha256])),
    policies: digestOf(policies),
    schema: digestOf(
      tables.map(({ schema, name, columns, primaryKey, uniqueIndexes, foreignKeys }) => ({
        schema,
        name,
        columns,
        primaryKey,
        uniqueIndexes,
        foreignKeys,
      })),
    ),
    rows: digestOf({ digests, lookups: lookupCodes(notes.context.lookups) }),
  };
  const plan: PlanSummary = {
    digest: digestOf({ migration: declaration.name, ...parts }),
    parts,
    staged,
    entities,
    notes: notes.noted(),
    before,
  };
  await assertSamePlan(context, options, plan);
  await engine.transaction(async (tx) => {
    // First: where DDL commits by itself, the lease must be held in what is written after it.
    if (!options.dryRun) await engine.journal.enroll(tx, tables);
    if (lease) await holdLease(context, tx, lease);
    const applied = { rows: 0, changedMeanwhile: {} };
    const next: ImportCheckpoint = options.dryRun
      ? { phase: "evidence", plan, applied, completedAt: context.clock.now().toISOString(), after: before, digests: [] }
      : { phase: "apply", plan, entity: 0, lanes: null, stepRows: context.stepRows ?? firstStepRows, applied };
    await engine.store.updateRun(tx, runId, { checkpoint: next, planDigest: plan.digest });
  });
}

/** Codes and ids of every lookup, in the order of the codes. */
function lookupCodes(lookups: Readonly<Record<string, ReadonlyMap<string, string>>>): unknown {
  return Object.entries(lookups).map(([name, codes]) => [name, [...codes].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** A required column the declaration does not fill would fail at the first row: said before anything is read. */
function assertColumns(declaration: ImportDeclaration, tables: readonly Table[]): void {
  for (const entity of declaration.entities) {
    const table = tables.find((each) => sameTable(each, entity.table))!;
    const filled = new Set([
      entity.id,
      ...entity.fields.map((field) => field.column),
      ...entity.references.map((reference) => reference.column),
      ...entity.stamps.map((stamp) => stamp.column),
    ]);
    const unfilled = table.columns.filter(
      (column) =>
        !column.nullable &&
        !column.hasDefault &&
        !column.generated &&
        column.identity === null &&
        !filled.has(column.name),
    );
    const absent = [...filled].filter((name) => !table.columns.some((column) => column.name === name));
    if (unfilled.length === 0 && absent.length === 0) continue;
    const problems = [
      ...unfilled.map((column) => `${column.name} is required and the import does not fill it`),
      ...absent.map((name) => `${name} is filled by the import and is not there`),
    ];
    throw new RunbackError("MODEL_MISMATCH", `${qualifiedName(table)}: ${problems.join("; ")}.`, {
      recovery: "Nothing was written. Give the column a default, or adapt the migration's declaration.",
    });
  }
}

/** The dry run is the contract: a live run with `--plan` executes that plan or nothing. */
async function assertSamePlan({ engine }: Context, { plan, dryRun }: ImportOptions, now: PlanSummary): Promise<void> {
  if (dryRun || plan === undefined || plan === now.digest) return;
  let differs = "the plan";
  for (let before: string | undefined; ; ) {
    const page = await engine.store.runs(engine, { limit: 100, ...(before === undefined ? {} : { before }) });
    const dry = page.runs.find((run) => run.mode === "dry" && run.planDigest === plan);
    if (dry) {
      const then = (dry.checkpoint as { plan: PlanSummary }).plan.parts;
      differs = (Object.keys(then) as (keyof typeof then)[])
        .filter((part) => then[part] !== now.parts[part])
        .join(", ");
      break;
    }
    if (page.next === null) break;
    before = page.next;
  }
  throw new RunbackError(
    "PLAN_CHANGED",
    `The plan is not the approved one any more: ${differs} changed since the dry run.`,
    {
      recovery: "Nothing was written. Do a new dry run, review it, and pass its planDigest.",
      exit: 1,
      status: 409,
      details: { approved: plan, now: now.digest, differs },
    },
  );
}
