import { describe, expect, it } from "vitest";
import { samplePolicies } from "../scenarios/support/import-options.ts";
import { openDesk } from "./targets.ts";

const members = ["1,Ann,Good,ann@example.org,,05/04/2021,General"];

describe("a target that is not quite the model", () => {
  it("is refused before anything is read when it requires a column that the import does not fill", async () => {
    await using desk = await openDesk();
    await desk.target.engine.script(`ALTER TABLE "Member" ADD "chapter" text NOT NULL`);
    const source = await desk.export({ members });
    for (const dryRun of [true, false]) {
      await expect(desk.target.import(source, { dryRun })).rejects.toMatchObject({
        code: "MODEL_MISMATCH",
        message: "Member: chapter is required and the import does not fill it.",
      });
    }
    expect(await desk.rows(`SELECT count(*)::int AS rows FROM "WaIdMapping"`)).toEqual([{ rows: 0 }]);
  });

  it("is refused when a column that the import fills is not there", async () => {
    await using desk = await openDesk();
    await desk.target.engine.script(`ALTER TABLE "Event" DROP COLUMN "capacity"`);
    await expect(desk.target.import(await desk.export({ members }))).rejects.toMatchObject({
      code: "MODEL_MISMATCH",
      message: "Event: capacity is filled by the import and is not there.",
    });
  });

  it("may have more: optional columns, columns with defaults, generated ones", async () => {
    await using desk = await openDesk();
    await desk.target.engine.script(
      `ALTER TABLE "Member" ADD nickname text, ADD chapter text NOT NULL DEFAULT 'main', ADD serial int GENERATED ALWAYS AS IDENTITY,
         ADD initial text GENERATED ALWAYS AS (left("firstName", 1)) STORED`,
    );
    const result = await desk.target.import(await desk.export({ members }));
    expect(result.entities.members).toMatchObject({ created: 1 });
    expect(await desk.rows(`SELECT chapter, serial, initial FROM "Member"`)).toEqual([
      { chapter: "main", serial: 1, initial: "A" },
    ]);
    expect((await desk.target.import(await desk.export({ members }))).entities.members).toMatchObject({ unchanged: 1 });
  });

  it("is refused with all that is wrong when policies are not valid", async () => {
    await using desk = await openDesk();
    const policies = {
      ...samplePolicies,
      "scheduling.timezone": "America/Atlantis",
      "governance.quorumPercentage": 101,
      "membership.tiers.waMapping": { General: "PLATINUM" },
      "no.such.policy": 1,
    };
    const refused = desk.target.import(await desk.export({ members }), { policies });
    await expect(refused).rejects.toMatchObject({ code: "POLICY_INVALID" });
    for (const key of Object.keys(policies).filter((name) => name !== "display.organizationName"))
      await expect(refused).rejects.toThrow(key);
    expect(await desk.rows(`SELECT count(*)::int AS runs FROM runback.runs`)).toEqual([{ runs: 0 }]);
  });

  it("quarantines a level without a tier, or gives it the tier the policy names for the rest", async () => {
    await using desk = await openDesk();
    const odd = ["1,Ann,Good,ann@example.org,,05/04/2021,Platinum", "2,Bo,Good,bo@example.org,,05/04/2021,General"];
    const source = await desk.export({ members: odd });
    const strict = await desk.target.import(source);
    expect(strict.entities.members).toMatchObject({ created: 1, quarantined: 1 });
    expect(strict.quarantine).toMatchObject([{ waId: "1", reason: "unmapped-level" }]);
    const mapping = { General: "GENERAL", _default: "PROSPECT" };
    const lenient = await desk.target.import(source, {
      policies: { ...samplePolicies, "membership.tiers.waMapping": mapping },
    });
    expect(lenient.entities.members).toMatchObject({ created: 1, unchanged: 1, quarantined: 0 });
    expect(lenient.warnings).toContainEqual({
      code: "unmapped-level",
      level: "medium",
      message: `unmapped level "Platinum": 1 row(s).`,
    });
    expect(
      await desk.rows(
        `SELECT t.code FROM "Member" m JOIN "MembershipTier" t ON t.id = m."membershipTierId" WHERE email = 'ann@example.org'`,
      ),
    ).toEqual([{ code: "PROSPECT" }]);
  });
});
