import { wildApricotImport } from "@runback/membership";
import { runRollback } from "@runback/operations";
import { describe, expect, it } from "vitest";
import { type Desk, openDesk } from "./targets.ts";

const { auditTable } = wildApricotImport;

/** Two people who were here before any import: one whom the export knows under the same address in other letters. */
async function deskWithPeople(): Promise<Desk> {
  const desk = await openDesk();
  await desk.target.engine.script(
    `INSERT INTO "Member" ("firstName", "lastName", email, phone, "membershipStatusId", "updatedAt")
     SELECT f, l, e, '555-0000', id, '2020-01-01' FROM "MembershipStatus",
       (VALUES ('Ann', 'Known', 'Ann.Known@Example.org'), ('Zoe', 'Elsewhere', 'zoe@example.org')) people (f, l, e)
     WHERE code = 'active'`,
  );
  return desk;
}

const everyone = (desk: Desk) => desk.rows(`SELECT m::text AS row FROM "Member" m ORDER BY email`);
const provenance = (desk: Desk) =>
  desk.rows(`SELECT "waId", provenance FROM "WaIdMapping" WHERE "entityType" = 'Member' ORDER BY "waId"`);
const members = [
  "1,Ann,Known,ann.known@example.org,555-0101,05/04/2021,General",
  "2,Bob,New,bob@example.org,555-0102,05/04/2021,Newcomer",
];

describe("people who were here before the import", () => {
  it("are recognised by their address whatever its letters, updated, and marked as matched", async () => {
    await using desk = await deskWithPeople();
    const result = await desk.target.import(await desk.export({ members }));
    expect(result.entities.members).toMatchObject({ created: 1, updated: 1, conflicts: 0 });
    expect(await provenance(desk)).toEqual([
      { waId: "1", provenance: "matched" },
      { waId: "2", provenance: "created" },
    ]);
    expect(await desk.rows(`SELECT count(*)::int AS people FROM "Member"`)).toEqual([{ people: 3 }]);
  });

  it("survive a rollback of the import as they were, to the byte, while whom it created is gone", async () => {
    await using desk = await deskWithPeople();
    const before = await everyone(desk);
    const { runId } = await desk.target.import(await desk.export({ members }));
    expect(await everyone(desk)).not.toEqual(before);
    const result = await runRollback(desk.target.context, {
      runId,
      operator: "alice",
      onConflict: "abort",
      auditTable,
    });
    expect(result).toMatchObject({ verified: true, classes: { edited: 0, missing: 0, referenced: 0 } });
    expect(await everyone(desk)).toEqual(before);
    expect(await provenance(desk)).toEqual([]);
  });

  it("who match to the letter get a mapping and are not touched", async () => {
    await using desk = await deskWithPeople();
    const source = await desk.export({ members: [members[0]!] });
    const first = await desk.target.import(source);
    await runRollback(desk.target.context, { runId: first.runId, operator: "a", onConflict: "abort", auditTable });
    // Now the row is made exactly what the import would make of it.
    await desk.target.import(source);
    await desk.target.engine.query(`DELETE FROM "WaIdMapping"`);
    const before = await everyone(desk);
    const again = await desk.target.import(source);
    expect(again.entities.members).toMatchObject({ created: 0, updated: 0, unchanged: 1 });
    expect(await everyone(desk)).toEqual(before);
    expect(await provenance(desk)).toEqual([{ waId: "1", provenance: "matched" }]);
  });

  it("can belong to one source record only: the second one is a conflict", async () => {
    await using desk = await deskWithPeople();
    const both = [...members, "3,Anna,Known,ANN.KNOWN@EXAMPLE.ORG,,05/04/2021,General"];
    const result = await desk.target.import(await desk.export({ members: both }));
    expect(result.quarantine).toMatchObject([{ row: 4, waId: "3", reason: "duplicate-identity" }]);
    const later = await desk.target.import(await desk.export({ members: [both[2]!] }));
    expect(later.quarantine).toMatchObject([{ row: 2, waId: "3", reason: "identity-taken" }]);
    expect(later.entities.members).toMatchObject({ created: 0, updated: 0, conflicts: 1 });
  });
});

describe("events that were here before the import", () => {
  const events = ["10,  hike to the TOP ,,,Hall,06/01/2024 10:00,,"];
  const insert = (title: string, start: string) =>
    `INSERT INTO "Event" (title, "startTime", status) VALUES ('${title}', '${start}', 'PUBLISHED')`;

  it.each([
    ["at the same time", "2024-06-01 17:00:00Z", "matched"],
    ["60 minutes earlier", "2024-06-01 16:00:00Z", "matched"],
    ["60 minutes later", "2024-06-01 18:00:00Z", "matched"],
    ["61 minutes earlier", "2024-06-01 15:59:00Z", "created"],
    ["60 minutes and a second later", "2024-06-01 18:00:01Z", "created"],
  ])("are recognised by title and a start within an hour: %s", async (_, start, expected) => {
    await using desk = await openDesk();
    await desk.target.engine.script(insert("Hike to the top", start));
    const result = await desk.target.import(await desk.export({ events }));
    expect(result.entities.events).toMatchObject(expected === "matched" ? { updated: 1 } : { created: 1 });
    expect(await desk.rows(`SELECT provenance FROM "WaIdMapping"`)).toEqual([{ provenance: expected }]);
  });

  it("are a conflict when two of them fit, and stay as they are", async () => {
    await using desk = await openDesk();
    await desk.target.engine.script(
      `${insert("Hike to the top", "2024-06-01 16:30:00Z")}; ${insert("hike to the top", "2024-06-01 17:30:00Z")}`,
    );
    const before = await desk.rows(`SELECT e::text FROM "Event" e ORDER BY id`);
    const result = await desk.target.import(await desk.export({ events }));
    expect(result.quarantine).toMatchObject([
      { entity: "events", row: 2, waId: "10", reason: "ambiguous-identity", message: "matches 2 rows of the target" },
    ]);
    expect(await desk.rows(`SELECT e::text FROM "Event" e ORDER BY id`)).toEqual(before);
  });

  it("keep what the export does not know: whether they are published", async () => {
    await using desk = await openDesk();
    await desk.target.engine.script(insert("Hike to the top", "2024-06-01 17:00:00Z"));
    await desk.target.engine.script(`UPDATE "Event" SET "isPublished" = true`);
    await desk.target.import(await desk.export({ events }));
    expect(await desk.rows(`SELECT status, "isPublished" FROM "Event"`)).toEqual([
      { status: "PUBLISHED", isPublished: true },
    ]);
  });

  it("a series with one title and times far apart stays a series", async () => {
    await using desk = await openDesk();
    const series = [1, 2, 3].map((day) => `2${day},Weekly walk,,,Park,06/0${day}/2024 08:00,,`);
    const source = await desk.export({ events: series });
    expect((await desk.target.import(source)).entities.events).toMatchObject({ created: 3 });
    expect((await desk.target.import(source)).entities.events).toMatchObject({ created: 0, unchanged: 3 });
  });
});
