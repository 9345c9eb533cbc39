import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { attendeeStatus } from "@runback/attendance";
import {
  dropLegacy,
  type Engine,
  mapByRunbook,
  mapLegacy,
  monitorQuery,
  phaseDdl,
  quarantineQuery,
  runbookCase,
  verificationQueries,
} from "@runback/core";
import { createSnapshot, snapshotPort, verifySnapshot } from "@runback/operations";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyDdl } from "../../../packages/operations/src/cutover/apply-ddl.ts";
import { auditTable, type TestContext, testContext } from "../../operations/support.ts";
import { bytesOf } from "../../support/journaled.ts";
import { skippedEngines } from "../../support/skipped.ts";
import { type Statement, statements, statementsOf } from "./statements.ts";

/** What real data has: the handbook's spellings, others, cases and blanks, what nobody foresaw, and nothing. */
const legacyValues = [
  ...[
    "checkedin",
    "attended",
    "present",
    "dna",
    "noshow",
    "no_show",
    "walkin",
    "walk_in",
    "preregistered",
    "registered",
  ],
  ...["checked_in", "Present", " walk-in ", "absent", "No Show", "reg", "pre-registered", "REGISTERED"],
  ...["cancelled", "waitlisted", "", null],
];

const folder = process.env.RUNBACK_RUNBOOKS;

async function handbook(): Promise<Statement[]> {
  for (const name of (await readdir(folder!)).sort()) {
    const page = await readFile(join(folder!, name), "utf8");
    if (name.endsWith(".md") && page.includes("UPDATE event_attendance")) return statementsOf(page);
  }
  throw new Error(`no handbook in ${folder} writes event_attendance`);
}

describe.runIf(folder !== undefined)("the handbook that RUNBACK_RUNBOOKS names", () => {
  it("has the statements that are kept here", async () => {
    expect(await handbook()).toEqual(statements);
  });
});

describe.runIf(!skippedEngines.includes("sqlite"))("the attendee status handbook on SQLite", () => {
  let theirs: TestContext;
  let ours: TestContext;
  let said: readonly string[];

  beforeEach(async () => {
    said = (folder === undefined ? statements : await handbook()).map(({ sql }) => sql);
    [theirs, ours] = [await started(), await started()];
  });

  afterEach(async () => {
    for (const site of [theirs, ours]) await site?.[Symbol.asyncDispose]();
  });

  const started = async () => {
    const site = await testContext("sqlite");
    const { engine } = site.context;
    await engine.query(
      "CREATE TABLE event_attendance (id INTEGER PRIMARY KEY, event_id INTEGER NOT NULL, status TEXT, checked_in_at TEXT)",
    );
    for (const [at, value] of [...legacyValues, ...legacyValues].entries())
      await engine.query("INSERT INTO event_attendance (id, event_id, status) VALUES ($1, $2, $3)", [
        at + 1,
        at % 7,
        value,
      ]);
    return site;
  };
  const run = async (site: TestContext, start: string) => {
    const sql = said.find((each) => each.startsWith(start));
    expect(sql, start).toBeDefined();
    return (await site.context.engine.query(sql!)).rows as Record<string, unknown>[];
  };
  const enter = (site: TestContext, phase: 0 | 4 | 5) =>
    applyDdl(
      site.context,
      attendeeStatus,
      phaseDdl(attendeeStatus, phase, site.context.engine.dialect).up,
      async () => {},
    );
  const prepare = async (site: TestContext) => {
    await run(site, "PRAGMA foreign_keys");
    expect(await run(site, "PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
    await run(site, "ALTER TABLE event_attendance ADD COLUMN");
    await run(site, "CREATE INDEX");
  };
  const shape = async (engine: Engine) => [
    (
      await engine.query(
        `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo('event_attendance') ORDER BY cid`,
      )
    ).rows,
    (await engine.query("SELECT name, \"unique\", partial FROM pragma_index_list('event_attendance') ORDER BY name"))
      .rows,
  ];
  const codes = async (site: TestContext) =>
    (
      await site.context.engine.query<{ status: string | null; code: string | null }>(
        "SELECT status, status_v2 AS code FROM event_attendance ORDER BY id",
      )
    ).rows;
  const expected = (map: (value: string | null) => string | null) =>
    [...legacyValues, ...legacyValues].map((status) => ({ status, code: map(status) }));
  const theirMismatches = async (site: TestContext) =>
    (await run(site, "SELECT COUNT(*) AS mismatches"))[0]!.mismatches;
  const ourCounts = async (site: TestContext, cutover = attendeeStatus) =>
    (await site.context.engine.query(monitorQuery(cutover, site.context.engine.dialect))).rows[0];

  it("prepares: its backup is a proven snapshot here, and both preparations are one", async () => {
    expect(said.find((each) => each.startsWith(".backup"))).toBeDefined();
    const { snapshotId } = await createSnapshot(theirs.context, { operator: "ada", auditTable });
    expect(
      await verifySnapshot(theirs.context, {
        snapshotId,
        operator: "ada",
        auditTable,
        openScratch: async () => (await snapshotPort(theirs.context.engine).scratch())!,
      }),
    ).toMatchObject({ ok: true });
    await prepare(theirs);
    await enter(ours, 0);
    expect(await shape(ours.context.engine)).toEqual(await shape(theirs.context.engine));
    for (const { context } of [theirs, ours])
      for (const [code, accepted] of [
        ["present", false],
        ["dna", true],
        ["DNA", false],
      ] as const) {
        const writing = context.engine.query("UPDATE event_attendance SET status_v2 = $1 WHERE id = 1", [code]);
        if (accepted) await writing;
        else await expect(writing).rejects.toMatchObject({ code: "23514" });
      }
    // A table that the handbook prepared is one that is prepared.
    await enter(theirs, 0);
    expect(await shape(theirs.context.engine)).toEqual(await shape(ours.context.engine));
  });

  it("backfills: at once and in windows, as --runbook-compat does to the letter, and as the definition does not", async () => {
    await prepare(theirs);
    await enter(ours, 0);
    const whole = said.findIndex((each) => each.startsWith("UPDATE") && !each.includes("rowid"));
    await run(theirs, said[whole]!);
    expect(await codes(theirs)).toEqual(expected((value) => mapByRunbook(attendeeStatus, value)));
    const { dialect } = ours.context.engine;
    await ours.context.engine.query(
      `UPDATE event_attendance SET status_v2 = ${runbookCase(attendeeStatus, dialect)} WHERE status_v2 IS NULL`,
    );
    expect(await codes(ours)).toEqual(await codes(theirs));

    await theirs.context.engine.query("UPDATE event_attendance SET status_v2 = NULL");
    const window = said.find((each) => each.includes("rowid BETWEEN"))!;
    const affected: number[] = [];
    do affected.push((await theirs.context.engine.query(window)).count);
    while (affected.at(-1)! > 0);
    expect([affected, await codes(theirs)]).toEqual([[legacyValues.length * 2, 0], await codes(ours)]);

    // What its ELSE takes for preregistered: spellings that mean something else, and values that mean nothing.
    const wrong = legacyValues.filter(
      (value) => mapByRunbook(attendeeStatus, value) !== mapLegacy(attendeeStatus, value),
    );
    expect(wrong).toEqual([
      ...["checked_in", "Present", " walk-in ", "absent", "No Show"],
      ...["cancelled", "waitlisted", "", null],
    ]);
  });

  it("verifies: its queries and ours count the same rows, and where they differ ours is the one that is right", async () => {
    await prepare(theirs);
    await run(theirs, "UPDATE event_attendance");
    const { engine } = theirs.context;
    const [distribution, nulls] = verificationQueries(attendeeStatus, engine.dialect);
    const spread = (await run(theirs, "SELECT status_v2, COUNT(*)")).map((row) => Object.values(row));
    expect((await engine.query(distribution!.sql)).rows.map((row) => Object.values(row))).toEqual(spread);
    expect((await engine.query(nulls!.sql)).rows).toEqual(await run(theirs, "SELECT COUNT(*) AS null_rows"));
    expect(await run(theirs, "SELECT COUNT(*) AS null_rows")).toEqual([{ null_rows: 0 }]);

    // Its monitor lists fewer spellings than its own backfill knows values, and cannot see a NULL.
    const listed = ["checkedin", "attended", "present", "dna", "noshow", "no_show", "walkin", "walk_in"];
    const unseen = legacyValues.filter(
      (value) => value !== null && ![...listed, "preregistered", "registered"].includes(value),
    );
    expect(await theirMismatches(theirs)).toBe(unseen.length * 2);
    const wrong = legacyValues.filter(
      (value) => mapByRunbook(attendeeStatus, value) !== mapLegacy(attendeeStatus, value),
    );
    const quarantined = legacyValues.filter((value) => mapLegacy(attendeeStatus, value) === null);
    expect(await ourCounts(theirs)).toEqual({
      ...{ total_rows: legacyValues.length * 2, unset: 0, invalid: 0 },
      ...{ mismatched: wrong.length * 2, quarantined: quarantined.length * 2 },
    });
    expect((await engine.query(quarantineQuery(attendeeStatus, engine.dialect))).count).toBe(quarantined.length);
    // Held to its own CASE, nothing disagrees.
    expect(await ourCounts(theirs, { ...attendeeStatus, unlisted: "runbook" })).toMatchObject({
      mismatched: 0,
      unset: 0,
    });

    // One wrong row that both see, and one that only one does.
    await engine.query("UPDATE event_attendance SET status_v2 = 'dna' WHERE status = 'present' AND id <= 22");
    await engine.query("UPDATE event_attendance SET status_v2 = 'checkedin' WHERE status IS NULL AND id <= 22");
    expect(await theirMismatches(theirs)).toBe(unseen.length * 2 + 1);
    expect(await ourCounts(theirs)).toMatchObject({ mismatched: wrong.length * 2 + 1 });
  });

  it("cleans up: renames, and drops, to the same table", async () => {
    await prepare(theirs);
    await run(theirs, "UPDATE event_attendance");
    const before = await bytesOf(theirs.context.engine, "event_attendance");
    await run(theirs, "ALTER TABLE event_attendance RENAME COLUMN");
    await enter(ours, 0);
    await ours.context.engine.query(
      `UPDATE event_attendance SET status_v2 = ${runbookCase(attendeeStatus, ours.context.engine.dialect)}`,
    );
    await enter(ours, 4);
    await enter(ours, 5);
    const names = (rows: unknown) => (rows as { name: string }[]).map(({ name }) => name);
    expect(names((await shape(ours.context.engine))[0])).toEqual(names((await shape(theirs.context.engine))[0]));
    for (const { context } of [theirs, ours]) expect(await bytesOf(context.engine, "event_attendance")).toEqual(before);
    // After its own rename the name it drops is not there: it means the table that was not renamed.
    await expect(run(theirs, "ALTER TABLE event_attendance DROP COLUMN")).rejects.toThrow(/no such column/);
    await theirs.context.engine.query("ALTER TABLE event_attendance RENAME COLUMN status_legacy TO status");
    await run(theirs, "ALTER TABLE event_attendance DROP COLUMN");
    await applyDdl(
      ours.context,
      attendeeStatus,
      [dropLegacy(attendeeStatus, ours.context.engine.dialect)],
      async () => {},
    );
    expect(await bytesOf(ours.context.engine, "event_attendance")).toEqual(
      await bytesOf(theirs.context.engine, "event_attendance"),
    );
  });
});
