import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleWorld, type Target, type World } from "../support/world.ts";

let world: World;
beforeAll(async () => {
  world = await sampleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** What somebody did to the target, behind every application's back, and the checks that must say so. */
const changes: readonly {
  readonly what: string;
  readonly sql: string;
  readonly fails: readonly string[];
  readonly warns?: readonly string[];
}[] = [
  {
    what: "all names and phones overwritten",
    sql: `UPDATE "Member" SET "firstName" = 'X', "lastName" = 'Y', phone = '000'`,
    fails: ["row-content"],
  },
  {
    what: "all registrations cancelled",
    sql: `UPDATE "Registration" SET status = 'CANCELLED', "cancelledAt" = now()`,
    fails: ["row-content"],
  },
  {
    what: "all tiers null",
    sql: `UPDATE "Member" SET "membershipTierId" = NULL`,
    fails: ["tier-distribution", "row-content"],
    warns: ["tier-coverage"],
  },
  {
    what: "all members in one tier",
    sql: `UPDATE "Member" SET "membershipTierId" = (SELECT id FROM "MembershipTier" WHERE code = 'GENERAL')`,
    fails: ["row-content"],
    warns: ["tier-distribution"],
  },
  {
    what: "one character of one row changed",
    sql: `UPDATE "Member" SET "lastName" = "lastName" || '.' WHERE id = (SELECT id FROM "Member" ORDER BY id LIMIT 1)`,
    fails: ["row-content"],
  },
  {
    what: "one time moved by a microsecond",
    sql: `UPDATE "Event" SET "startTime" = "startTime" + interval '1 microsecond' WHERE id = (SELECT max(id::text)::uuid FROM "Event")`,
    fails: ["row-content"],
  },
  {
    what: "two members' phones swapped",
    sql: `WITH two AS (SELECT id, phone, lead(phone) OVER (ORDER BY id) AS next, lag(phone) OVER (ORDER BY id) AS last
            FROM (SELECT id, phone FROM "Member" WHERE phone IS NOT NULL ORDER BY id LIMIT 2) m)
          UPDATE "Member" m SET phone = coalesce(two.next, two.last) FROM two WHERE two.id = m.id`,
    fails: ["row-content"],
  },
  {
    what: "one row deleted and another inserted",
    sql: `DELETE FROM "Registration" WHERE id = (SELECT id FROM "Registration" ORDER BY id LIMIT 1);
          INSERT INTO "Registration" ("memberId", "eventId", status, "registeredAt")
          SELECT m.id, e.id, 'CONFIRMED', now() FROM "Member" m, "Event" e
          WHERE NOT EXISTS (SELECT FROM "Registration" r WHERE r."memberId" = m.id AND r."eventId" = e.id) LIMIT 1`,
    fails: ["row-content"],
  },
  {
    what: "a row deleted",
    sql: `DELETE FROM "Registration" WHERE id = (SELECT id FROM "Registration" ORDER BY id LIMIT 1)`,
    fails: ["registration-count", "row-content"],
  },
  {
    what: "a mapping pointing at another person",
    sql: `UPDATE "WaIdMapping" SET "murmurantId" = gen_random_uuid()
          WHERE id = (SELECT id FROM "WaIdMapping" WHERE "entityType" = 'Member' ORDER BY id LIMIT 1)`,
    fails: ["row-content"],
  },
  {
    what: "two mappings swapped",
    sql: `ALTER TABLE "WaIdMapping" DROP CONSTRAINT "WaIdMapping_entityType_murmurantId_key";
          WITH two AS (SELECT id, lead("murmurantId") OVER (ORDER BY id) AS next, lag("murmurantId") OVER (ORDER BY id) AS last
            FROM (SELECT * FROM "WaIdMapping" WHERE "entityType" = 'Member' ORDER BY id LIMIT 2) m)
          UPDATE "WaIdMapping" m SET "murmurantId" = coalesce(two.next, two.last) FROM two WHERE two.id = m.id`,
    fails: ["row-content"],
  },
  {
    what: "two source ids mapped to one member",
    sql: `ALTER TABLE "WaIdMapping" DROP CONSTRAINT "WaIdMapping_entityType_murmurantId_key";
          INSERT INTO "WaIdMapping" (id, "entityType", "waId", "murmurantId", "syncRunId", provenance, "syncedAt")
          SELECT gen_random_uuid(), "entityType", 'second-of-' || "waId", "murmurantId", "syncRunId", provenance, "syncedAt"
          FROM "WaIdMapping" WHERE "entityType" = 'Member' ORDER BY id LIMIT 1`,
    fails: ["duplicate-mappings", "row-content"],
  },
  {
    what: "one source id mapped to two members",
    sql: `ALTER TABLE "WaIdMapping" DROP CONSTRAINT "WaIdMapping_entityType_waId_key";
          INSERT INTO "WaIdMapping" (id, "entityType", "waId", "murmurantId", "syncRunId", provenance, "syncedAt")
          SELECT gen_random_uuid(), "entityType", "waId", gen_random_uuid(), "syncRunId", provenance, "syncedAt"
          FROM "WaIdMapping" WHERE "entityType" = 'Member' ORDER BY id LIMIT 1`,
    fails: ["duplicate-mappings", "row-content"],
  },
  {
    what: "an orphan created with constraints off",
    sql: `SET session_replication_role = replica;
          UPDATE "Registration" SET "memberId" = gen_random_uuid() WHERE id = (SELECT id FROM "Registration" ORDER BY id LIMIT 1);
          SET session_replication_role = origin`,
    fails: ["orphaned-registrations", "row-content"],
  },
  {
    what: "a policy changed",
    sql: `UPDATE runback.policies SET value = '31' WHERE key = 'membership.gracePeriodDays'`,
    fails: ["policy-snapshot"],
  },
  {
    what: "a policy removed",
    sql: `DELETE FROM runback.policies WHERE key = 'membership.gracePeriodDays'`,
    fails: ["policy-snapshot"],
  },
  {
    what: "a policy added",
    sql: `INSERT INTO runback.policies VALUES ('membership', 'membership.invented', 'null')`,
    fails: ["policy-snapshot"],
  },
  {
    what: "the mapping table emptied",
    sql: `TRUNCATE "WaIdMapping"`,
    fails: ["row-content"],
    warns: ["run-id-match"],
  },
  {
    what: "a table a check reads gone",
    sql: `DROP TABLE "MembershipTier" CASCADE`,
    fails: ["tier-distribution"],
  },
  {
    what: "the policies unreadable",
    sql: "DROP TABLE runback.policies",
    fails: ["policy-snapshot"],
  },
];

const failed = (report: Awaited<ReturnType<Target["verify"]>>, severity: "error" | "warning") =>
  report.checks.filter((check) => !check.passed && check.severity === severity).map((check) => check.id);

describe("verification of a target that was tampered with", () => {
  it("passes before", async () => {
    await using target = await world.clone();
    const report = await target.verify(world.bundle);
    expect(failed(report, "error")).toEqual([]);
    expect(failed(report, "warning")).toEqual([]);
    expect(report.passed).toBe(true);
    expect(report.escalate).toEqual({ required: false, reasons: [] });
    expect(report.counts.database).toEqual({ members: 400, events: 90, registrations: 1_200 });
  });

  it.each(changes)("fails after: $what", async ({ sql, fails, warns = [] }) => {
    await using target = await world.clone();
    await target.engine.script(sql);
    const report = await target.verify(world.bundle);
    expect(failed(report, "error")).toEqual(fails);
    expect(failed(report, "warning")).toEqual(warns);
    expect(report.passed).toBe(false);
    expect(report.summary.failed).toBe(fails.length);
  });

  it("names the changed row by its key, and no content", async () => {
    await using target = await world.clone();
    const { rows } = await target.engine.query<{ id: string }>(
      `UPDATE "Member" SET "lastName" = 'Overwritten' WHERE id = (SELECT id FROM "Member" ORDER BY id DESC LIMIT 1) RETURNING id`,
    );
    const report = await target.verify(world.bundle);
    const content = report.checks.find((check) => check.id === "row-content");
    expect(content?.actual).toMatchObject([{ table: "Member", expected: 400, actual: 400, keys: [rows[0]!.id] }]);
    expect(JSON.stringify(report)).not.toContain("Overwritten");
    expect(report.escalate.required).toBe(true);
  });
});
