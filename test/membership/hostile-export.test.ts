import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ImportResult } from "@runback/core";
import { sampleTierMapping, writeHostileExport } from "@runback/membership";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { samplePolicies } from "../scenarios/support/import-options.ts";
import { type Target, targetOver } from "../scenarios/support/world.ts";
import { freshTarget } from "../support/engines.ts";
import { half, rotatedEngines } from "../support/rotated-engines.ts";
import { spell } from "../support/spell.ts";

type Hostile = Awaited<ReturnType<typeof writeHostileExport>>;

/** The reason an import gives for each thing that the export has wrong. */
const reasons: Readonly<Record<string, string>> = {
  "nul-character": "invalid-character",
  "duplicate-email": "duplicate-identity",
  "duplicate-registration": "duplicate-identity",
  "unknown-contact": "unknown-reference",
  "unknown-event": "unknown-reference",
  "missing-contact-id": "missing-value",
  "missing-event-id": "missing-value",
  "missing-registration-id": "missing-value",
  "missing-first-name": "missing-value",
  "missing-last-name": "missing-value",
  "missing-email": "missing-value",
  "missing-event-name": "missing-value",
  "missing-start-date": "missing-value",
  "missing-registration-date": "missing-value",
  "invalid-limit": "invalid-number",
  "field-too-long": "too-long",
};
const entities = ["members", "events", "registrations"] as const;
const rowsOf = ({ quarantine }: ImportResult) => quarantine.map(({ entity, row, waId }) => ({ entity, row, waId }));

let folder: string;
let source: string;
let hostile: Hostile;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runback-hostile-"));
  source = join(folder, "export");
  hostile = await writeHostileExport(source, { hugeField: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(half(rotatedEngines, 1))("an export with every kind of bad row, on %s", (name) => {
  let target: Target;
  let dry: ImportResult;
  let live: ImportResult;
  let untouched: number;
  beforeAll(async () => {
    const fresh = await freshTarget(name);
    const vaultUrl = pathToFileURL(join(folder, `vault-${name}`)).href;
    target = await targetOver(fresh.engine, vaultUrl, "", async () => fresh[Symbol.asyncDispose]());
    dry = await target.import(source, { dryRun: true });
    const { rows } = await target.engine.query<{ rows: number }>(
      spell(
        name,
        `SELECT ((SELECT count(*) FROM "Member") + (SELECT count(*) FROM "Event") + (SELECT count(*) FROM "WaIdMapping"))::int AS rows`,
      ),
    );
    untouched = rows[0]!.rows;
    live = await target.import(source, { plan: dry.planDigest });
  });
  afterAll(() => target[Symbol.asyncDispose]());

  it("refuses exactly the expected rows, each with its file, line and reason", () => {
    expect(rowsOf(live)).toEqual(hostile.expected.map(({ entity, row, waId }) => ({ entity, row, waId })));
    const given = live.quarantine.map(({ entity, row, reason }) => `${entity} ${row} ${reason}`);
    // A registration of a refused record is refused with it, and is told from one of an unknown record.
    const expected = hostile.expected.map(({ entity, row, reason }, at) => {
      const refusedParent = live.quarantine[at]?.reason === "refused-reference" && reason.startsWith("unknown-");
      return `${entity} ${row} ${refusedParent ? "refused-reference" : (reasons[reason] ?? reason)}`;
    });
    expect(given).toEqual(expected);
    expect(live.quarantine.filter(({ reason }) => reason === "refused-reference").map(({ waId }) => waId)).toEqual([
      "92000012",
      "92000013",
      "92000014",
    ]);
    for (const row of live.quarantine) expect(row.message).not.toBe("");
  });

  it("counts them as quarantined or in conflict, imports the rest, and loses no row", () => {
    for (const entity of entities) {
      const of = (outcome: string) =>
        hostile.expected.filter((each) => each.entity === entity && each.outcome === outcome).length;
      const counts = live.entities[entity]!;
      expect(counts).toEqual({
        parsed: hostile.good[entity] + of("quarantined") + of("conflict"),
        created: hostile.good[entity],
        updated: 0,
        unchanged: 0,
        quarantined: of("quarantined"),
        conflicts: of("conflict"),
      });
    }
    expect(live.quarantineTotal).toBe(hostile.expected.length);
  });

  it("said the same in the dry run, which wrote nothing", () => {
    expect(untouched).toBe(0);
    expect(dry.entities).toEqual(live.entities);
    expect(dry.quarantine).toEqual(live.quarantine);
    expect(dry.planDigest).toBe(live.planDigest);
  });

  it("stored what is odd but right to the letter", async () => {
    const { rows } = await target.engine.query<Record<string, string>>(
      spell(
        name,
        `SELECT "firstName", "lastName", phone, email, "waMembershipLevelRaw" AS level FROM "Member" ORDER BY "lastName" COLLATE "C"`,
      ),
    );
    expect(rows).toContainEqual({
      firstName: 'Robert "Bob"',
      lastName: "Smith, Jr.",
      phone: "805-555-0102",
      email: "bob@example.org",
      level: "Newcomer",
    });
    expect(rows).toContainEqual(
      expect.objectContaining({ firstName: 'Robert\'); DROP TABLE "Member";--', lastName: "Tables", phone: null }),
    );
    expect(rows).toContainEqual(expect.objectContaining({ firstName: "𠮷", lastName: "O'Neil-Łoś", level: null }));
    expect(rows).toContainEqual(expect.objectContaining({ phone: "805-555-0103\r\n805-555-0104" }));
    expect(rows).toHaveLength(hostile.good.members);
  });

  it("keeps personal data out of reasons", () => {
    const said = JSON.stringify([live.quarantine.map((row) => row.message), live.warnings, live.samples]);
    for (const secret of ["example.org", "Good", "Thirty", "805"]) expect(said).not.toContain(secret);
  });

  it("tells the operator what is suspicious", () => {
    expect(live.warnings).toContainEqual({
      code: "few-members",
      level: "high",
      message: `The source has only ${live.entities.members!.parsed} members.`,
    });
    expect(live.warnings).toContainEqual({
      code: "unmapped-level",
      level: "medium",
      message: `unmapped level "Platinum Lifetime": 1 row(s).`,
    });
  });

  it("leaves the time of the last full sync alone, because rows were refused", async () => {
    const { rows } = await target.engine.query(spell(name, `SELECT "lastFullSync" FROM "WaSyncState"`));
    expect(rows).toEqual([{ lastFullSync: null }]);
  });

  it("changes nothing the second time, and refuses the same rows", async () => {
    const again = await target.import(source);
    for (const entity of entities) {
      const { created, updated, unchanged, quarantined, conflicts } = again.entities[entity]!;
      expect({ created, updated, unchanged }).toEqual({ created: 0, updated: 0, unchanged: hostile.good[entity] });
      expect(quarantined + conflicts).toBe(live.entities[entity]!.quarantined + live.entities[entity]!.conflicts);
    }
    expect(rowsOf(again)).toEqual(rowsOf(live));
  });

  it("accepts the unknown level once the policy has a tier for it", async () => {
    const mapping = { ...sampleTierMapping, _default: true };
    const now = await target.import(source, {
      policies: { ...samplePolicies, "membership.tiers.waMapping": mapping },
    });
    expect(now.entities.members).toMatchObject({ created: 1, updated: 0 });
    const { rows } = await target.engine.query(
      spell(
        name,
        `SELECT t.code, m."waMembershipLevelRaw" AS level FROM "Member" m JOIN "MembershipTier" t ON t.id = m."membershipTierId"
         WHERE m.email = 'unknown@example.org'`,
      ),
    );
    expect(rows).toEqual([{ code: "GENERAL", level: "Platinum Lifetime" }]);
    expect(now.warnings).toContainEqual(expect.objectContaining({ code: "unmapped-level" }));
  });
});
