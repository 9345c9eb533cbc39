import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { VerificationReport } from "@runback/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleSize, sampleWorld, type Target, type World } from "../support/world.ts";

let world: World;
let target: Target;
beforeAll(async () => {
  world = await sampleWorld();
  target = await world.clone();
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

interface Counts {
  readonly created: number;
  readonly updated?: number;
  readonly skipped?: number;
}

/** What the tool that Runback replaces wrote, by hand: no digests, no policies, no hashes, no counts of before. */
async function foreignBundle(
  counts: { readonly members: Counts; readonly events: Counts; readonly registrations: Counts },
  runId = world.runId,
): Promise<string> {
  const folder = await mkdtemp(join(world.folder, "foreign-"));
  const entity = ({ created, updated = 0, skipped = 0 }: Counts) => ({
    file: "export.csv",
    totalRows: created + updated + skipped,
    parsed: created + updated + skipped,
    created,
    updated,
    skipped,
    errors: 0,
    records: [],
  });
  const report = {
    runId,
    startedAt: "2026-01-15T14:28:00.000Z",
    completedAt: "2026-01-15T14:30:00.000Z",
    dryRun: false,
    config: { source: "csv", target: "database", version: "1.0" },
    summary: { totalRecords: 0, created: 0, updated: 0, skipped: 0, errors: 0, duration_ms: 120_000 },
    members: entity(counts.members),
    events: entity(counts.events),
    registrations: entity(counts.registrations),
    errors: [],
    idMapping: { members: [], events: [], registrations: [] },
  };
  await writeFile(join(folder, "migration-report.json"), JSON.stringify(report));
  return folder;
}

const all = {
  members: { created: sampleSize.members - 10, updated: 10 },
  events: { created: sampleSize.events },
  registrations: { created: sampleSize.registrations },
};
const outcomes = (report: VerificationReport) =>
  Object.fromEntries(
    report.checks.map(({ id, passed, severity }) => [id, passed ? "PASS" : severity === "error" ? "FAIL" : "WARN"]),
  );

describe("a bundle that another tool wrote", () => {
  it("verifies by counts and integrity, and says what it could not compare", async () => {
    // The run is not one of this target's own, as it never is with another tool.
    await using own = await world.clone();
    await own.engine.script(`DELETE FROM runback.steps; DELETE FROM runback.runs`);
    const report = await own.verify(await foreignBundle(all));
    expect(outcomes(report)).toEqual({
      "member-count": "PASS",
      "event-count": "PASS",
      "registration-count": "PASS",
      "tier-distribution": "PASS",
      "tier-coverage": "PASS",
      "orphaned-registrations": "PASS",
      "duplicate-mappings": "PASS",
      "run-id-match": "PASS",
      "policy-snapshot": "PASS",
      "row-content": "WARN",
      "bundle-integrity": "WARN",
    });
    expect(report.passed).toBe(true);
  });

  it("fails by a count that is off by one", async () => {
    const report = await target.verify(await foreignBundle({ ...all, events: { created: sampleSize.events + 1 } }));
    expect(outcomes(report)).toMatchObject({ "event-count": "FAIL", "member-count": "PASS" });
    expect(report.checks.find((check) => check.id === "event-count")?.message).toBe(
      "Event count mismatch: expected 91, got 90 (diff: 1)",
    );
  });

  it("escalates a count that is off by more than 5 percent", async () => {
    const report = await target.verify(await foreignBundle({ ...all, members: { created: 500 } }));
    expect(report.escalate.required).toBe(true);
    expect(report.escalate.reasons.join()).toContain("Members count differs by more than 5%");
  });

  it("warns that the run is not one of the mappings'", async () => {
    const report = await target.verify(await foreignBundle(all, "migration-2024-01-15"));
    expect(outcomes(report)).toMatchObject({ "run-id-match": "WARN" });
  });

  it("is not believed when the target has that run on record with a bundle that had hashes", async () => {
    const report = await target.verify(await foreignBundle(all));
    expect(outcomes(report)).toMatchObject({ "bundle-integrity": "FAIL" });
  });
});
