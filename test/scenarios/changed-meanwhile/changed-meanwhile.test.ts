import { advanceImport, startImport } from "@runback/operations";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Desk, openDesk } from "../../membership/targets.ts";
import { importOptions } from "../support/import-options.ts";

const before = {
  members: ["1,Ann,Good,ann@example.org,555-0101,,General", "2,Bob,Smith,bob@example.org,555-0102,,General"],
  events: ["10,Hike,,,Hall,06/01/2024 10:00,,"],
};
const after = {
  members: [
    "1,Ann,Good,ann@example.org,555-0199,,General",
    "2,Bob,Smith,bob@example.org,555-0199,,General",
    "3,Cy,Young,cy@example.org,,,General",
  ],
  events: before.events,
  registrations: ["100,1,10,Confirmed,05/01/2024,"],
};

/** Everything is classified, nothing is written: what another writer does now is after the plan. */
async function planned(desk: Desk) {
  await desk.target.import(await desk.export(before));
  const options = importOptions(await desk.export(after), { bundleFolder: `${desk.folder}/bundle` });
  const { context } = desk.target;
  const { runId } = await startImport(context, options);
  const phase = async () =>
    ((await context.engine.store.run(context.engine, runId))!.checkpoint as { phase: string }).phase;
  while ((await phase()) !== "apply") await advanceImport(context, options, runId, 0);
  return { runId, finish: () => advanceImport(context, options, runId) };
}

describe("another writer between the plan and the step", () => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk();
  });
  afterAll(() => desk[Symbol.asyncDispose]());

  it("keeps what it changed: the row becomes a conflict, the rest is written, and the bundle says so", async () => {
    const { runId, finish } = await planned(desk);
    await desk.target.engine.script(`UPDATE "Member" SET phone = 'by hand' WHERE email = 'bob@example.org'`);
    expect(await finish()).toBe(true);
    const { result } = (await desk.target.engine.store.run(desk.target.engine, runId))!;
    expect(result).toMatchObject({
      entities: { members: { parsed: 3, created: 1, updated: 1, unchanged: 0, conflicts: 1 } },
    });
    expect(await desk.rows(`SELECT email, phone FROM "Member" ORDER BY email`)).toEqual([
      { email: "ann@example.org", phone: "555-0199" },
      { email: "bob@example.org", phone: "by hand" },
      { email: "cy@example.org", phone: null },
    ]);
    const report = await desk.target.verify(`${desk.folder}/bundle`);
    expect(report.checks.filter((check) => !check.passed && check.severity === "error")).toEqual([]);
  });
});

describe("another writer that takes what the plan was about to create", () => {
  it.each([
    {
      what: "an address",
      sql: `INSERT INTO "Member" ("firstName", "lastName", email, "membershipStatusId")
            SELECT 'Cy', 'Young', 'CY@example.org', id FROM "MembershipStatus" LIMIT 1`,
    },
    {
      what: "a registration",
      sql: `INSERT INTO "Registration" ("memberId", "eventId", status, "registeredAt")
            SELECT m.id, e.id, 'CONFIRMED', now() FROM "Member" m, "Event" e WHERE m.email = 'ann@example.org'`,
    },
    { what: "the row a registration needs", sql: `DELETE FROM "Event"` },
  ])("stops the run with an error that says what to do: $what", async ({ sql }) => {
    await using desk = await openDesk();
    const { runId, finish } = await planned(desk);
    await desk.target.engine.script(sql);
    await expect(finish()).rejects.toMatchObject({ code: "TARGET_CHANGED", status: 409 });
    expect(
      await desk.rows(`SELECT state, error ->> 'code' AS code FROM runback.runs WHERE run_id = '${runId}'`),
    ).toEqual([{ state: "failed", code: "TARGET_CHANGED" }]);
    // As the error says: a new import sees the target as it is now, and goes through.
    const again = await desk.target.import(await desk.export(after));
    expect(Object.values(again.entities).every((counts) => counts.parsed > 0)).toBe(true);
  });
});
