import fc from "fast-check";
import { expect, it } from "vitest";
import { csvRow } from "../../packages/membership/src/sample/csv-file.ts";
import { deep, seed } from "../faults/seeded-random.ts";
import { openDesk } from "./targets.ts";

/** What has broken imports before, somewhere: values that mean something to a driver, a language or a spreadsheet. */
const nasty = [
  "",
  " ",
  "\\N",
  "\\.",
  "\\",
  "NULL",
  "null",
  "undefined",
  "NaN",
  "-Infinity",
  "infinity",
  "epoch",
  "now",
  "__proto__",
  "constructor",
  "toString",
  "'; --",
  '"',
  '""',
  "a\tb",
  "a\nb",
  "a\r\nb",
  "\ufeff",
  "\u202eabc",
  "\u2028",
  "👩‍👩‍👧‍👦",
  "ﬁ İ ß",
  "=1+1",
  "99999999999999999999",
  "1e5",
  "-0",
  "0x10",
  "01/01/0001",
  "12/31/9999",
  "0000-01-01",
  "2024-06-01T10:00:00+15:59",
  "2024-06-01T10:00:00.1234567Z",
  "a@b.c",
  "A@B.C",
  "İ@b.c",
  "1",
  "2",
];

/** Mostly junk, often enough something valid that rows come through and refer to each other. */
const field = (...valid: string[]) =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...valid) },
    { weight: 1, arbitrary: fc.constantFrom(...nasty) },
    {
      weight: 1,
      arbitrary: fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replaceAll("\0", "").toWellFormed()),
    },
  );
const id = (most: number) =>
  fc.oneof({ weight: 20, arbitrary: fc.nat(most).map(String) }, { weight: 1, arbitrary: fc.constantFrom(...nasty) });
const date = field("05/04/2021", "2021-05-04", "2021-05-04T10:00:00Z", "");
const row = (...fields: fc.Arbitrary<string>[]) => fc.tuple(...fields).map((values) => csvRow(values).slice(0, -2));

it(`whatever an export holds, each row becomes something and nothing breaks (RUNBACK_SEED=${seed})`, async () => {
  await using desk = await openDesk();
  const rows = deep ? 5_000 : 300;
  const sample = (arbitrary: fc.Arbitrary<string>, salt: number) =>
    fc.sample(arbitrary, { numRuns: rows, seed: seed + salt });
  const name = field("Ann", "O'Neil");
  const email = fc.oneof(
    field("a@b.example", "c@d.example"),
    fc.nat(500).map((number) => `m${number}@example.org`),
  );
  const source = await desk.export({
    members: sample(row(id(200), name, name, email, field("555"), date, field("General", "")), 1),
    events: sample(row(id(200), field("Hike", "Walk"), name, name, name, date, date, field("5", "0", "-1")), 2),
    registrations: sample(row(id(5_000), id(200), id(200), field("Confirmed", "Cancelled"), date, date), 3),
  });
  const dry = await desk.target.import(source, { dryRun: true });
  const live = await desk.target.import(source, { plan: dry.planDigest });
  expect(live.entities).toEqual(dry.entities);
  for (const { parsed, ...counts } of Object.values(live.entities)) {
    // A quoted line end is part of a record; only rows of blanks are none.
    expect(parsed).toBeGreaterThan(rows * 0.9);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(parsed);
    expect(counts.created).toBeGreaterThan(0);
    expect(counts.quarantined).toBeGreaterThan(0);
  }
  const again = await desk.target.import(source);
  for (const [entity, counts] of Object.entries(again.entities)) {
    expect(counts).toMatchObject({ created: 0, updated: 0, unchanged: live.entities[entity]!.created });
  }
});
