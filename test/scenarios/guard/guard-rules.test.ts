import { attendeeStatus } from "@runback/attendance";
import type { ColumnCutover, Phase } from "@runback/core";
import { type Finding, guard, type SourceFile } from "@runback/guard";
import { expect, test } from "vitest";

const languages = { ts: "code", js: "code", sql: "sql", prisma: "prisma" } as const;

/** Runs the guard over sources given by name. */
async function check(sources: Record<string, string>, phase: Phase = 4, cutover: ColumnCutover = attendeeStatus) {
  const files = Object.entries(sources).map(
    ([path, text]): SourceFile => ({
      path,
      text,
      language: languages[path.split(".").at(-1) as keyof typeof languages],
    }),
  );
  return await guard(files, {
    cutovers: [{ cutover, phase }],
    now: new Date("2026-11-21T12:00:00Z"),
    revision: { commit: "0".repeat(40), dirty: false },
  });
}

const brief = (findings: readonly Finding[]) =>
  findings.map(({ rule, severity, line }) => `${line} ${severity} ${rule}`);

const single = `import { eventAttendance } from "@acme/schema";
export const one = (db) => db.update(eventAttendance).set({ status: "reg" });
export const two = (db) => db.update(eventAttendance).set({ statusV2: "preregistered" });
export const both = (db) => db.update(eventAttendance).set({ status: "reg", statusV2: "preregistered" });
`;

test("phase 0 says nothing: writing the legacy column is what applications do then", async () => {
  expect(brief((await check({ "a.ts": single }, 0)).findings)).toEqual([]);
});

test.each([1, 2, 3] as const)("phase %i warns of a write of one column, and passes", async (phase) => {
  const report = await check({ "a.ts": single }, phase);
  expect(brief(report.findings)).toEqual(["2 warning single-column-write", "3 warning single-column-write"]);
  expect(report.passed).toBe(true);
});

test.each([1, 2, 3] as const)("phase %i says nothing when triggers keep both columns in step", async (phase) => {
  expect((await check({ "a.ts": single }, phase, { ...attendeeStatus, dualWrite: "bridge" })).findings).toEqual([]);
});

test.each([4, 5] as const)("phase %i fails on a write of the legacy column, alone or with the other", async (phase) => {
  const report = await check({ "a.ts": single }, phase);
  expect(brief(report.findings)).toEqual(["2 error legacy-write", "4 error legacy-write"]);
  expect(report.passed).toBe(false);
});

test("the name that phase 5 gives the column is retired too", async () => {
  const sql = "UPDATE event_attendance SET status_legacy = 'x';";
  expect(brief((await check({ "a.sql": sql }, 5)).findings)).toEqual(["1 error legacy-write"]);
});

test("columns that are decided elsewhere are unread, and fail", async () => {
  const source = `import { eventAttendance } from "@acme/schema";
export const a = (db, patch) => db.update(eventAttendance).set(patch);
export const b = (db, body) => db.insert(eventAttendance).values({ ...body, statusV2: "dna" });
export const c = (db, column) => db.update(eventAttendance).set({ [column]: 1 });
export const d = (db, column) => db.query(\`UPDATE event_attendance SET \${column} = 1\`);
export const e = (db, sets, id) => db.query("UPDATE event_attendance SET status_v2 = 'dna' " + sets + " WHERE id = 1");
export const f = (db, where) => db.query(\`UPDATE event_attendance SET status_v2 = 'dna' WHERE id = 1 \${where}\`);
`;
  const report = await check({ "a.ts": source });
  expect(brief(report.findings)).toEqual([2, 3, 4, 5, 6].map((line) => `${line} unread unread-write`));
  expect(report.passed).toBe(false);
});

test("a statement that no parser takes is unread, and fails in every phase", async () => {
  const sql = "SELECT 1;\nUPDATE event_attendance SETT status = 'x';\nUPDATE events SETT status = 'x';";
  for (const phase of [1, 4] as const) {
    const report = await check({ "a.sql": sql }, phase);
    expect(brief(report.findings)).toEqual(["2 unread unread-statement"]);
    expect(report.passed).toBe(false);
  }
  const code = 'db.query("UPDATE event_attendance SETT status = 1 set");';
  expect(brief((await check({ "a.js": code })).findings)).toEqual(["1 unread unread-statement"]);
});

test("a file that cannot be parsed is unread when it names the table", async () => {
  const report = await check({ "a.ts": "const eventAttendance = {{{;", "b.ts": "const other = {{{;" });
  expect(report.findings.map(({ file, rule, severity }) => [file, rule, severity])).toEqual([
    ["a.ts", "unread-file", "unread"],
  ]);
  expect(report.passed).toBe(false);
});

test("a waiver with a reason and a date in the future sets its finding aside, on the record", async () => {
  const source = `import { eventAttendance } from "@acme/schema";
// runback-guard-ignore legacy-write until=2026-11-21 reason="the export of July reads it"
export const one = (db) => db.update(eventAttendance).set({ status: "reg" });
`;
  const report = await check({ "a.ts": source });
  expect(report.findings).toEqual([]);
  expect(report.passed).toBe(true);
  expect(report.waived).toMatchObject([
    { rule: "legacy-write", line: 3, until: "2026-11-21", reason: "the export of July reads it" },
  ]);
});

test.each([
  ['legacy-write until=2026-11-20 reason="late"', "waiver-expired"],
  ["legacy-write until=2026-12-01", "waiver-invalid"],
  ['legacy-write until=2026-12-01 reason="  "', "waiver-invalid"],
  ['legacy-write reason="no date"', "waiver-invalid"],
  ['legacy-write until=2026-02-30 reason="no such day"', "waiver-invalid"],
  ['all until=2026-12-01 reason="no such rule"', "waiver-invalid"],
  ['waiver-expired until=2026-12-01 reason="not this one"', "waiver-invalid"],
])("the waiver `%s` counts for nothing: %s", async (said, rule) => {
  const report = await check({
    "a.sql": `-- runback-guard-ignore ${said}\nUPDATE event_attendance\nSET status = 'x';`,
  });
  expect(brief(report.findings)).toEqual([`1 error ${rule}`, "3 error legacy-write"]);
});

test("a comment that speaks about waivers is none", async () => {
  const source = `/** Reads \`runback-guard-ignore legacy-write\` comments. */
// see runback-guard-ignore legacy-write until=2026-12-01 reason="no"
knex("event_attendance").update({ status: "x" });`;
  expect(brief((await check({ "a.ts": source })).findings)).toEqual(["3 error legacy-write"]);
});

test("a waiver of SQL stands above its statement or on the line; one that waives nothing is told", async () => {
  const sql = `-- runback-guard-ignore legacy-write until=2026-12-01 reason="repair of ticket 12"
UPDATE event_attendance
   SET updated_at = 1, status = 'x';
UPDATE event_attendance SET status = 'y'; -- runback-guard-ignore legacy-write until=2026-12-01 reason="again"

-- runback-guard-ignore legacy-write until=2026-12-01 reason="of nothing"
SELECT 1;
`;
  const report = await check({ "a.sql": sql });
  expect(report.counts.waived).toBe(2);
  expect(brief(report.findings)).toEqual(["6 warning waiver-unused"]);
  expect(report.passed).toBe(true);
});

const prisma = `
model Row {
  id     Int     @id
  legacy String  @map("status")
  status String? @map("status_v2")
  event  Event   @relation(fields: [eventId], references: [id])
  eventId Int
  @@map("event_attendance")
}
model Event { // one line of fields each
  id     Int    @id
  status String
  people Row[]
}
`;

test("a Prisma schema says what the model, its fields and the relations to it are called", async () => {
  const source = `
export const a = (prisma) => prisma.row.update({ where: { id: 1 }, data: { status: "dna" } });
export const b = (prisma) => prisma.row.update({ where: { id: 1 }, data: { legacy: "absent" } });
export const c = (prisma) => prisma.event.update({ where: { id: 1 }, data: { status: "x", people: { updateMany: { where: { legacy: "reg" }, data: { legacy: "x" } } } } });
export const d = (prisma) => prisma.event.update({ where: { id: 1 }, data: { status: "completed" } });
`;
  expect(brief((await check({ "schema.prisma": prisma, "a.ts": source })).findings)).toEqual([
    "3 error legacy-write",
    "4 error legacy-write",
  ]);
});

test("an alias makes a model known whose definition is not among the files", async () => {
  const source = 'import { rsvps } from "@acme/schema";\ndb.update(rsvps).set({ status: "x" });';
  expect((await check({ "a.ts": source })).findings).toEqual([]);
  expect(brief((await check({ "a.ts": source }, 4, { ...attendeeStatus, aliases: ["rsvps"] })).findings)).toEqual([
    "2 error legacy-write",
  ]);
});

test("trigger functions are joined with their triggers over files", async () => {
  const body =
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.status := 'x'; RETURN NEW; END $$;";
  const on = (table: string) => `CREATE TRIGGER t BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION f();`;
  expect(brief((await check({ "a.sql": body, "b.sql": on("event_attendance") })).findings)).toEqual([
    "1 error legacy-write",
  ]);
  expect(brief((await check({ "a.sql": body, "b.sql": on("events") })).findings)).toEqual([]);
  expect(brief((await check({ "a.sql": body })).findings)).toEqual(["1 unread unread-write"]);
});

test("the report names the revision, what was read, and is the same for the same sources", async () => {
  const [one, two] = [await check({ "a.ts": single }), await check({ "a.ts": single })];
  expect(one).toEqual(two);
  expect(one).toMatchObject({ files: 1, lines: 5, revision: { commit: "0".repeat(40), dirty: false } });
  expect((await check({ "a.ts": `${single} ` })).sourceSha256).not.toBe(one.sourceSha256);
});
