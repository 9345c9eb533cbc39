import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf } from "../../cli/cli-result.ts";
import { writeConfig } from "../../cli/config-file.ts";
import { runCli } from "../../cli/in-process.ts";
import { applicationTables, tableDigests } from "../support/table-digests.ts";
import { emptyTarget, sampleSize, sampleWorld, type Target, type World } from "../support/world.ts";

/** What users' tools read; more keys may come, none may go. */
interface Document {
  readonly runId: string;
  readonly rollbackRunId: string | null;
  readonly planned: number;
  readonly classes: Record<string, number>;
  readonly tables: Record<string, Record<string, number>>;
  readonly conflicts: readonly { table: string; key: unknown; class: string; detail: string }[];
  readonly durationMs: number;
  readonly planDigest: string;
}
interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly recovery: string };
}

const rowsOfRun = sampleSize.members + sampleSize.events + sampleSize.registrations;
const allRows = 2 * rowsOfRun + 1; // with a mapping each, and the row of the sync state

let world: World;
let config: string;
beforeAll(async () => {
  world = await sampleWorld();
  config = await writeConfig(world.folder);
});
afterAll(() => world[Symbol.asyncDispose]());

async function cli({ url }: Target, ...args: string[]) {
  const result = await runCli({ config, databaseUrl: url, vaultUrl: world.vaultUrl }, [...args, "--json"]);
  return { status: result.status, document: jsonOf<Document & Failure>(result) };
}
const rollback = (target: Target, ...args: string[]) => cli(target, "rollback", ...args);
const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0);
/** Somebody corrects one member and registers another after the import. */
const editOne = `UPDATE "Member" SET phone = 'corrected' WHERE id = (SELECT id FROM "Member" ORDER BY id LIMIT 1)`;

describe("rollback --plan", () => {
  it("says what would happen to every row, and writes nothing anywhere", async () => {
    await using target = await world.clone();
    const before = await tableDigests(target.engine);
    const { status, document } = await rollback(target, world.runId, "--plan");
    expect(status).toBe(0);
    expect(Object.keys(document)).toEqual(
      expect.arrayContaining(["runId", "rollbackRunId", "planned", "classes", "tables", "conflicts", "durationMs"]),
    );
    expect(document).toMatchObject({
      runId: world.runId,
      rollbackRunId: null,
      planned: allRows,
      classes: { reverted: allRows, already: 0, edited: 0, missing: 0, referenced: 0 },
      tables: {
        Member: { reverted: sampleSize.members },
        Event: { reverted: sampleSize.events },
        Registration: { reverted: sampleSize.registrations },
        WaIdMapping: { reverted: rowsOfRun },
        WaSyncState: { reverted: 1 },
      },
      conflicts: [],
    });
    expect(await tableDigests(target.engine)).toEqual(before);
  });

  it("exits with 1 when there are conflicts, and names each", async () => {
    await using target = await world.clone();
    await target.engine.script(editOne);
    const before = await tableDigests(target.engine);
    const { status, document } = await rollback(target, world.runId, "--plan");
    expect(status).toBe(1);
    expect(document.classes).toMatchObject({ edited: 1, reverted: allRows - 1 - document.classes.referenced! });
    expect(sum(document.classes)).toBe(document.planned);
    expect(document.conflicts[0]).toMatchObject({ table: "Member", class: "edited", detail: expect.any(String) });
    expect(JSON.stringify(document)).not.toContain("corrected");
    expect(await tableDigests(target.engine)).toEqual(before);
  });
});

describe("rollback", () => {
  it("gives back every byte, can be taken back itself, and is a no-op the second time", async () => {
    await using target = await emptyTarget(world.vaultUrl);
    await target.engine.script(
      `INSERT INTO "Member" ("firstName", "lastName", email, "membershipStatusId")
       SELECT 'Zoë', 'Before', 'zoe@example.org', id FROM "MembershipStatus" WHERE code = 'active';
       UPDATE "WaSyncState" SET "lastIncSync" = '2025-12-24 18:00:00.123456Z'`,
    );
    const empty = await tableDigests(target.engine, applicationTables);
    const { runId } = await target.import(world.source);
    const imported = await tableDigests(target.engine, applicationTables);
    expect(imported).not.toEqual(empty);

    const first = await rollback(target, runId);
    expect(first).toMatchObject({ status: 0, document: { planned: allRows, verified: true } });
    expect(await tableDigests(target.engine, applicationTables)).toEqual(empty);

    const again = await rollback(target, runId);
    expect(again).toMatchObject({ status: 0, document: { classes: { reverted: 0, already: allRows } } });
    expect(await tableDigests(target.engine, applicationTables)).toEqual(empty);

    const back = await rollback(target, first.document.rollbackRunId!);
    expect(back).toMatchObject({ status: 0, document: { classes: { reverted: allRows } } });
    expect(await tableDigests(target.engine, applicationTables)).toEqual(imported);
    const { rows } = await target.engine.query<{ metadata: Record<string, unknown> }>(
      `SELECT metadata FROM "AuditLog" WHERE action = 'migration:rollback:level1' ORDER BY "createdAt" LIMIT 1`,
    );
    expect(rows[0]!.metadata).toMatchObject({
      run_id: runId,
      rollback_run_id: first.document.rollbackRunId,
      records_affected: allRows,
    });
  });

  it("aborts on a conflict with nothing written, and says so by its exit", async () => {
    await using target = await world.clone();
    await target.engine.script(editOne);
    const before = await tableDigests(target.engine, applicationTables);
    const { status, document } = await rollback(target, world.runId);
    expect(status).toBe(1);
    expect(document).toMatchObject({ rollbackRunId: null, classes: { edited: 1 } });
    expect(await tableDigests(target.engine, applicationTables)).toEqual(before);
    expect((await target.engine.query(`SELECT FROM runback.runs`)).count).toBe(1);
    // The lease was given back: the next attempt is not held up.
    expect((await rollback(target, world.runId)).status).toBe(1);
  });

  it("skips conflicts when asked to, and reverts the rest", async () => {
    await using target = await world.clone();
    await target.engine.script(
      `UPDATE "Registration" SET "waitlistPosition" = 7 WHERE id = (SELECT id FROM "Registration" ORDER BY id LIMIT 1)`,
    );
    const { status, document } = await rollback(target, world.runId, "--on-conflict", "skip");
    expect(status).toBe(0);
    expect(sum(document.classes)).toBe(allRows);
    expect(document.classes).toMatchObject({ edited: 1, missing: 0 });
    // What the edited registration needs stays with it.
    expect(
      (
        await target.engine.query(
          `SELECT (SELECT count(*)::int FROM "Member") AS members, (SELECT count(*)::int FROM "Event") AS events,
           (SELECT count(*)::int FROM "Registration") AS registrations, (SELECT max("waitlistPosition") FROM "Registration") AS position`,
        )
      ).rows,
    ).toEqual([{ members: 1, events: 1, registrations: 1, position: 7 }]);
  });

  it("overwrites a newer edit only when forced, with the approval of a second person for exactly this plan", async () => {
    await using target = await world.clone();
    await target.engine.script(editOne);
    const force = (...more: string[]) =>
      rollback(target, world.runId, "--on-conflict", "force", "--operator", "alice", ...more);
    const plan = await rollback(target, world.runId, "--plan", "--on-conflict", "force");
    const before = await tableDigests(target.engine, applicationTables);
    const digest = plan.document.planDigest;

    expect((await force()).document.error.message).toMatch(/: none was given\.$/);
    expect((await force()).document.error.code).toBe("APPROVAL_REQUIRED");
    expect((await force("--approval", "apr-invented")).document.error.code).toBe("APPROVAL_REQUIRED");
    expect((await force("--approval", "apr-invented")).document.error.message).toMatch(/no approval of the id/);
    const own = await cli(target, "approve", digest, "--requested-by", "alice", "--operator", "alice");
    expect(own).toMatchObject({ status: 2, document: { error: { code: "APPROVAL_OWN" } } });
    const other = await cli(target, "approve", "0".repeat(64), "--requested-by", "alice", "--operator", "bob");
    const otherId = (other.document as unknown as { id: string }).id;
    expect((await force("--approval", otherId)).document.error.code).toBe("APPROVAL_REQUIRED");
    expect((await force("--approval", otherId)).document.error.message).toMatch(/is for another plan\.$/);
    expect(await tableDigests(target.engine, applicationTables)).toEqual(before);

    const signed = await cli(target, "approve", digest, "--requested-by", "alice", "--operator", "bob");
    expect(signed.status).toBe(0);
    const id = (signed.document as unknown as { id: string }).id;
    const done = await force("--approval", id);
    expect(done.status).toBe(0);
    expect((await target.engine.query(`SELECT FROM "Member"`)).count).toBe(0);
  });

  it("executes the plan that was seen, or nothing", async () => {
    await using target = await world.clone();
    const { document } = await rollback(target, world.runId, "--plan");
    await target.engine.script(editOne);
    const changed = await rollback(target, world.runId, "--plan-digest", document.planDigest);
    expect(changed).toMatchObject({ status: 1, document: { error: { code: "PLAN_CHANGED" } } });
  });

  it("refuses what is no run, and a run that changed nothing", async () => {
    await using target = await world.clone();
    const dry = await target.import(world.source, { dryRun: true });
    const codes = [];
    for (const id of ["run-20200101-000000-abcdef", "../../etc/passwd", "'; DROP TABLE x; --", dry.runId]) {
      const { status, document } = await rollback(target, id);
      codes.push([status, document.error.code]);
    }
    expect(codes).toEqual([
      [2, "RUN_NOT_FOUND"],
      [2, "RUN_NOT_FOUND"],
      [2, "RUN_NOT_FOUND"],
      [2, "NOTHING_TO_ROLL_BACK"],
    ]);
  });
});
