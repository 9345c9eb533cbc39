import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Desk, openDesk } from "./targets.ts";

const first = {
  members: [
    "1,Ann,Good,ann@example.org,555-0101,05/04/2021,General",
    "2,Bob,Smith,bob@example.org,555-0102,05/04/2021,Newcomer",
    "3,Cy,Young,cy@example.org,,05/04/2021,",
    "4,Di,Old,di@example.org,,,Lapsed",
  ],
  events: ["10,Hike,,,Hall,06/01/2024 10:00,,12", "11,Supper,,,Hall,06/02/2024 18:00,,"],
  registrations: [
    "100,1,10,Confirmed,05/01/2024 09:00,",
    "101,2,10,Confirmed,05/01/2024 09:30,",
    "102,2,11,Waitlisted,05/02/2024,",
  ],
};
/** The same club a month later: one phone, one level, one place, one cancellation; one of each is new, nobody left. */
const second = {
  members: [
    "1,Ann,Good,ann@example.org,555-0199,05/04/2021,General",
    "2,Bob,Smith,bob@example.org,555-0102,05/04/2021,1st Year",
    "3,Cy,Young,cy@example.org,,05/04/2021,",
    "5,Eve,New,eve@example.org,,06/01/2024,Newcomer",
  ],
  events: [
    "10,Hike,,,Trailhead,06/01/2024 10:00,,12",
    "11,Supper,,,Hall,06/02/2024 18:00,,",
    "12,Picnic,,,Park,07/04/2024 12:00,,",
  ],
  registrations: [
    "100,1,10,Confirmed,05/01/2024 09:00,",
    "101,2,10,Cancelled,05/01/2024 09:30,05/20/2024",
    "102,2,11,Waitlisted,05/02/2024,",
    "103,5,12,Confirmed,06/15/2024,",
    "104,4,12,Confirmed,06/15/2024,",
  ],
};

let desk: Desk;
const rowVersions = () =>
  desk.rows(
    `SELECT 'Member' AS t, id::text, xmin::text FROM "Member" UNION ALL SELECT 'Event', id::text, xmin::text FROM "Event"
     UNION ALL SELECT 'Registration', id::text, xmin::text FROM "Registration" ORDER BY 1, 2`,
  );
beforeAll(async () => {
  desk = await openDesk();
  await desk.target.import(await desk.export(first));
});
afterAll(() => desk[Symbol.asyncDispose]());

describe("the next export", () => {
  it("writes no row when nothing changed", async () => {
    const before = await rowVersions();
    const again = await desk.target.import(await desk.export(first));
    expect(again.entities).toMatchObject({
      members: { created: 0, updated: 0, unchanged: 4 },
      events: { created: 0, updated: 0, unchanged: 2 },
      registrations: { created: 0, updated: 0, unchanged: 3 },
    });
    expect(await rowVersions()).toEqual(before);
    expect(await desk.rows(`SELECT rows::int AS rows FROM runback.runs WHERE run_id = '${again.runId}'`)).toEqual([
      { rows: 0 },
    ]);
    expect(await desk.target.engine.transaction((tx) => desk.target.engine.journal.rows(tx, again.runId))).toBe(0);
  });

  it("creates and updates exactly what changed, and leaves who is missing from it alone", async () => {
    const before = new Map((await rowVersions()).map((row) => [row.id, row.xmin]));
    const source = await desk.export(second);
    const dry = await desk.target.import(source, { dryRun: true });
    const changes = (entity: string) =>
      dry.samples[entity]!.filter((each) => each.action === "update").map((each) => [
        each.sourceId,
        [...each.changes].sort(),
      ]);
    expect(changes("members")).toEqual([
      ["1", ["phone"]],
      ["2", ["membershipTierId", "waMembershipLevelRaw"]],
    ]);
    expect(changes("events")).toEqual([["10", ["location"]]]);
    expect(changes("registrations")).toEqual([["101", ["cancelledAt", "confirmedAt", "status"]]]);
    const live = await desk.target.import(source, { plan: dry.planDigest });
    expect(live.entities).toEqual({
      members: { parsed: 4, created: 1, updated: 2, unchanged: 1, quarantined: 0, conflicts: 0 },
      events: { parsed: 3, created: 1, updated: 1, unchanged: 1, quarantined: 0, conflicts: 0 },
      registrations: { parsed: 5, created: 2, updated: 1, unchanged: 2, quarantined: 0, conflicts: 0 },
    });
    const touched = (await rowVersions()).filter((row) => before.get(row.id) !== row.xmin);
    expect(touched).toHaveLength(4 + 4);
    expect(await desk.rows(`SELECT phone FROM "Member" WHERE email = 'ann@example.org'`)).toEqual([
      { phone: "555-0199" },
    ]);
    expect(await desk.rows(`SELECT count(*)::int AS members FROM "Member"`)).toEqual([{ members: 5 }]);
  });

  it("keeps createdAt, and moves updatedAt of what it updated only", async () => {
    const rows = await desk.rows(
      `SELECT email, "createdAt" = "updatedAt" AS never_updated FROM "Member" ORDER BY email`,
    );
    expect(rows).toEqual([
      { email: "ann@example.org", never_updated: false },
      { email: "bob@example.org", never_updated: false },
      { email: "cy@example.org", never_updated: true },
      { email: "di@example.org", never_updated: true },
      { email: "eve@example.org", never_updated: true },
    ]);
  });

  it("an address that moves from one member to another is a conflict, and both stay as they are", async () => {
    const members = [
      "1,Ann,Good,bob@example.org,555-0199,05/04/2021,General",
      "2,Bob,Smith,bob.new@example.org,555-0102,05/04/2021,1st Year",
    ];
    const result = await desk.target.import(await desk.export({ members }));
    expect(result.entities.members).toMatchObject({ updated: 1, conflicts: 1 });
    expect(result.quarantine).toMatchObject([{ entity: "members", row: 2, waId: "1", reason: "identity-taken" }]);
    // The one that gave the address up is updated, so the same export goes through the next time.
    const again = await desk.target.import(await desk.export({ members }));
    expect(again.entities.members).toMatchObject({ updated: 1, unchanged: 1, conflicts: 0 });
    expect(
      await desk.rows(`SELECT "firstName", email FROM "Member" WHERE "firstName" IN ('Ann', 'Bob') ORDER BY 1`),
    ).toEqual([
      { firstName: "Ann", email: "bob@example.org" },
      { firstName: "Bob", email: "bob.new@example.org" },
    ]);
  });

  it("an address in other letters is a change of one member, not a second one", async () => {
    const members = ["3,Cy,Young,CY@Example.org,,05/04/2021,"];
    const result = await desk.target.import(await desk.export({ members }));
    expect(result.entities.members).toMatchObject({ created: 0, updated: 1, conflicts: 0 });
  });

  it("one registration of a member and event cannot become two", async () => {
    const result = await desk.target.import(await desk.export({ registrations: ["199,1,10,Confirmed,05/09/2024,"] }));
    expect(result.quarantine).toMatchObject([{ entity: "registrations", waId: "199", reason: "identity-taken" }]);
  });

  it("a mapped row that somebody deleted is a conflict, never silently made again", async () => {
    await desk.target.engine.query(
      `DELETE FROM "Registration" r USING "WaIdMapping" w WHERE w."murmurantId" = r.id AND w."waId" = '102'`,
    );
    const result = await desk.target.import(await desk.export({ registrations: ["102,2,11,Waitlisted,05/02/2024,"] }));
    expect(result.quarantine).toMatchObject([{ waId: "102", reason: "mapping-target-missing" }]);
  });
});
