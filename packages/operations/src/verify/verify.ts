import { randomUUID } from "node:crypto";
import {
  type AlertFinding,
  type CheckResult,
  findTable,
  type ImportDeclaration,
  qualifiedName,
  RunbackError,
  type Table,
  type TableDigest,
  type VerificationReport,
} from "@runback/core";
import type { BundleSource } from "@runback/vault";
import { raiseAlert, resolveAlert } from "../alerts/raise-alert.ts";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { escalation, summarize } from "../report/index.ts";
import { type BundleReport, readBundleReport } from "./bundle-report.ts";
import type { Check, CheckContext } from "./check-context.ts";
import { bundleIntegrity } from "./checks/bundle-integrity.ts";
import { coverage } from "./checks/coverage.ts";
import { distribution, shareOf } from "./checks/distribution.ts";
import { duplicateMappings } from "./checks/duplicate-mappings.ts";
import { entityCount, expectedRows } from "./checks/entity-count.ts";
import { orphans } from "./checks/orphans.ts";
import { comparePolicies, policySnapshot } from "./checks/policy-snapshot.ts";
import { rowContent } from "./checks/row-content.ts";
import { runIdMatch } from "./checks/run-id-match.ts";

/** Called as a verification goes, for the console: what was loaded, what was counted, each check. */
export interface VerifyListener {
  readonly loaded?: (report: BundleReport) => void;
  readonly counted?: (counts: Readonly<Record<string, number>>) => void;
  readonly checked?: (check: CheckResult) => void;
}

export interface VerifyOptions {
  readonly declaration: ImportDeclaration;
  readonly bundle: BundleSource;
  /** As the user named it. */
  readonly bundlePath: string;
  readonly listener?: VerifyListener;
}

export function checksOf(declaration: ImportDeclaration): Check[] {
  return [
    ...declaration.entities.map(entityCount),
    ...declaration.checks.map((check) =>
      check.kind === "distribution"
        ? distribution(check)
        : check.kind === "coverage"
          ? coverage(check)
          : orphans(check),
    ),
    duplicateMappings,
    runIdMatch,
    policySnapshot,
    rowContent,
    bundleIntegrity,
  ];
}

/**
 * Asserts that a target is what a bundle says, in one read snapshot. A check that cannot run fails.
 * @throws `BUNDLE_NOT_FOUND`, `BUNDLE_INVALID`, `BUNDLE_DRY_RUN`, `TARGET_UNREACHABLE`, `TABLE_MISSING`
 */
export async function verify(
  context: Pick<Context, "engine" | "clock">,
  options: VerifyOptions,
): Promise<VerificationReport> {
  const { engine, clock } = context;
  const { declaration, bundle, listener } = options;
  const began = clock.now();
  const report = await readBundleReport(
    bundle,
    declaration.entities.map((entity) => entity.name),
  );
  listener?.loaded?.(report);
  const catalog = await engine.catalog();
  const table = (ref: { schema: string; name: string }): Table => {
    const found = findTable(catalog, qualifiedName(ref));
    if (found) return found;
    throw new RunbackError("TABLE_MISSING", `Table ${qualifiedName(ref)} is not on this target.`, {
      recovery: "Check that --target names the database the run changed.",
    });
  };
  for (const entity of declaration.entities) table(entity.table);
  const verified = await engine.transaction(
    async (tx) => {
      const run = await engine.store.run(tx, report.runId);
      const known = new Map<string, Promise<TableDigest>>();
      const check: CheckContext = {
        engine,
        tx,
        declaration,
        bundle,
        report,
        table,
        recordedBundle: run?.bundle?.sha256 ?? null,
        digests: (each) => {
          const name = qualifiedName(each);
          if (!known.has(name)) known.set(name, engine.digests(tx, each));
          return known.get(name)!;
        },
      };
      const counts = await databaseCounts(check);
      listener?.counted?.(counts);
      const checks: CheckResult[] = [];
      for (const each of checksOf(declaration)) {
        const result = await runCheck(each, check);
        checks.push(result);
        listener?.checked?.(result);
      }
      const distributed = declaration.checks.find((each) => each.kind === "distribution");
      return {
        counts,
        checks,
        // The check itself says when these cannot be read; the report then comes without them.
        tierDistribution: distributed
          ? await tx.savepoint((inner) => shareOf({ ...check, tx: inner }, distributed)).catch(() => [])
          : [],
        distribution: distributed
          ? { title: distributed.name, noun: distributed.noun, rows: distributed.entity }
          : null,
        policyVerification: await tx
          .savepoint((inner) => comparePolicies({ ...check, tx: inner }))
          .catch(() => undefined),
      };
    },
    { isolation: "snapshot", readOnly: true, bulk: true },
  );
  const expected = Object.fromEntries(
    declaration.entities.map((entity) => [entity.name, expectedRows(report.entities[entity.name]!)]),
  );
  const counts = { bundle: expected, database: verified.counts };
  const summary = summarize(verified.checks);
  return {
    runId: report.runId,
    bundlePath: options.bundlePath,
    verifiedAt: began.toISOString(),
    durationMs: clock.now().getTime() - began.getTime(),
    passed: summary.failed === 0,
    checks: verified.checks,
    summary,
    counts,
    tierDistribution: verified.tierDistribution,
    distribution: verified.distribution,
    policyVerification: verified.policyVerification ?? [],
    escalate: escalation(verified.checks, counts),
  };
}

/** Nothing fails open: whatever a check throws is its failure, and the next check still runs. */
async function runCheck({ id, name, category, run }: Check, context: CheckContext): Promise<CheckResult> {
  try {
    const { outcome, ...rest } = await context.tx.savepoint((tx) => run({ ...context, tx }));
    return {
      id,
      name,
      category,
      severity: outcome === "WARN" ? "warning" : "error",
      passed: outcome === "PASS",
      ...rest,
    };
  } catch (error) {
    const why = error instanceof RunbackError ? error.code : error instanceof Error ? error.message : String(error);
    return {
      id,
      name,
      category,
      severity: "error",
      passed: false,
      expected: "the check runs",
      actual: null,
      message: `${name} could not be checked: ${why}`,
    };
  }
}

async function databaseCounts({ engine, tx, declaration }: CheckContext): Promise<Record<string, number>> {
  const { dialect } = engine;
  const counts: Record<string, number> = {};
  for (const entity of declaration.entities) {
    const { rows } = await tx.query<{ rows: string }>(
      `SELECT ${dialect.cast("count(*)", "text")} AS rows FROM ${dialect.table(entity.table)}`,
    );
    counts[entity.name] = Number(rows[0]!.rows);
  }
  return counts;
}

/** Puts a verification on record: the report under an id, its outcome in the audit trail, and an alert where it failed. */
export async function recordVerification(
  { engine, clock, target = "default" }: Pick<Context, "engine" | "clock" | "target">,
  declaration: ImportDeclaration,
  report: VerificationReport,
): Promise<string> {
  const id = `ver-${randomUUID()}`;
  await engine.init();
  await engine.transaction(async (tx) => {
    await engine.store.saveVerification(tx, id, report.runId, report.passed, report);
    const check = `verification:${declaration.name}`;
    if (report.passed && !report.escalate.required) {
      await resolveAlert(tx, engine.dialect, { check, target }, clock.now());
    } else {
      await raiseAlert(tx, engine.dialect, verificationAlert(check, target, report), clock.now());
    }
    await appendAudit(tx, engine.dialect, declaration.auditTable, "migration:verified", {
      run_id: report.runId,
      verification: id,
      passed: report.passed,
      failed: report.checks.filter((check) => !check.passed).map((check) => check.id),
      counts: report.counts.database,
    });
  });
  return id;
}

/** Names of checks and what escalation says: counts, never a row. */
function verificationAlert(check: string, target: string, report: VerificationReport): AlertFinding {
  const failed = report.checks.filter((each) => !each.passed && each.severity === "error");
  return {
    check,
    target,
    severity: report.escalate.required ? "critical" : "error",
    title: `Verification of run ${report.runId} failed: ${failed.length} of ${report.summary.total} checks`,
    code: "VERIFICATION_FAILED",
    reasons: [...report.escalate.reasons, ...failed.map((each) => `${each.id} failed`)],
    runId: report.runId,
  };
}
