import { attendeeStatus, ticketState } from "@runback/attendance";
import {
  bridgeTriggers,
  type ColumnCutover,
  type Connection,
  type CutoverDialect,
  type CutoverGrammar,
  type CutoverStep,
  countsQuery,
  dropLegacy,
  kindsQuery,
  mapByRunbook,
  mapLegacy,
  mappingCase,
  monitorQuery,
  mysqlGrammar,
  phaseDdl,
  postgresGrammar,
  quarantineQuery,
  runbookCase,
  sqliteGrammar,
  verificationQueries,
} from "@runback/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EngineName, freshTarget, type TestTarget } from "../support/engines.ts";
import { skippedEngines } from "../support/skipped.ts";

const grammars: readonly (readonly [EngineName, CutoverGrammar])[] = (
  [
    ["sqlite", sqliteGrammar],
    ["postgres", postgresGrammar],
    ["mysql", mysqlGrammar],
  ] as const
).filter(([name]) => !skippedEngines.includes(name));

const seed = Number(process.env.RUNBACK_SEED ?? Date.now() % 1_000_000);

/** Spellings with noise around them, values near them, and others: Kelvin sign, dotless i, no-break space. */
const legacyValue = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(...attendeeStatus.codes.flatMap(({ code, spellings }) => [code, ...spellings])),
  },
  fc.constantFrom(
    "",
    " ",
    "cancelled",
    "late",
    "wal\u212ain",
    "\u0130",
    "reg\u00a0",
    "reg?",
    "rég",
    "REG",
    "x'y\\z",
    "\u{1f600}",
    "CheckedIn\t",
  ),
  fc.string({ unit: "grapheme-ascii", maxLength: 12 }),
);
const noisy = fc
  .tuple(
    fc.constantFrom("", " ", "\t", "\r\n", "\u000b"),
    fc.oneof(
      legacyValue,
      legacyValue.map((each) => each.toUpperCase()),
    ),
    fc.constantFrom("", " ", "\n "),
  )
  .map(([before, value, after]) => before + value + after);

describe.each(grammars)("column cutover on %s", (name, grammar) => {
  let target: TestTarget;
  let dialect: CutoverDialect;
  let db: Connection;
  let param: (n: number) => string;

  beforeAll(async () => {
    target = await freshTarget(name);
    db = target.engine;
    const { id, table, literal, isDistinct, param: placeholder } = target.engine.dialect;
    param = placeholder;
    dialect = { id, table, literal, isDistinct, grammar };
    await db.query("CREATE TABLE event_attendance (id integer PRIMARY KEY, status varchar(100))");
    await db.query(
      "CREATE TABLE event_tickets (event_id integer NOT NULL, ticket_no integer NOT NULL, state varchar(100), PRIMARY KEY (event_id, ticket_no))",
    );
  });

  afterAll(async () => {
    await target?.[Symbol.asyncDispose]();
  });

  const apply = async (steps: readonly CutoverStep[]) => {
    for (const step of steps) if (step.kind === "sql") await db.script(step.sql);
  };
  const numbers = (row: Record<string, unknown> | undefined) =>
    Object.fromEntries(Object.entries(row ?? {}).map(([key, value]) => [key, Number(value)]));
  const monitor = async (cutover: ColumnCutover) => numbers((await db.query(monitorQuery(cutover, dialect))).rows[0]);

  test("every phase's changes can be made, taken back, and made again", async () => {
    for (const cutover of [ticketState, attendeeStatus]) {
      for (const phase of [0, 1, 2, 3, 4, 5] as const) {
        const { up, down } = phaseDdl(cutover, phase, dialect);
        await apply(up);
        await apply(down);
        await apply(up);
      }
      for (const phase of [5, 4, 3, 2, 1, 0] as const) await apply(phaseDdl(cutover, phase, dialect).down);
      await apply(phaseDdl(cutover, 0, dialect).up);
    }
  });

  test("SQL maps every legacy value as the application does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(noisy, { nil: null }), { minLength: 40, maxLength: 60 }), async (values) => {
        await db.query("DELETE FROM event_attendance");
        for (const [at, value] of values.entries())
          await db.query(`INSERT INTO event_attendance (id, status) VALUES (${at}, ${param(1)})`, [value]);
        const { rows } = await db.query<{ id: number; mapped: string | null }>(
          `SELECT id, ${mappingCase(attendeeStatus, dialect)} AS mapped FROM event_attendance ORDER BY id`,
        );
        expect(rows.map(({ mapped }) => mapped)).toEqual(values.map((each) => mapLegacy(attendeeStatus, each)));
      }),
      { numRuns: 6, seed },
    );
  });

  test("the monitor counts what is unset, wrong and quarantined, NULL among them", async () => {
    await db.query("DELETE FROM event_attendance");
    const rows: [string | null, string | null][] = [
      ["present", "checkedin"],
      [" Reg ", "preregistered"],
      ["no show", null],
      ["absent", "checkedin"],
      ["cancelled", null],
      ["cancelled", "dna"],
      [null, null],
      [null, "dna"],
    ];
    for (const [at, [legacy, code]] of rows.entries())
      await db.query(`INSERT INTO event_attendance (id, status, status_v2) VALUES (${at}, ${param(1)}, ${param(2)})`, [
        legacy,
        code,
      ]);
    expect(await monitor(attendeeStatus)).toEqual({
      total_rows: 8,
      unset: 1,
      mismatched: 3,
      quarantined: 4,
      invalid: 0,
    });
    const { rows: quarantined } = await db.query<{ value: string | null; rows_of_it: number }>(
      quarantineQuery(attendeeStatus, dialect),
    );
    expect(new Map(quarantined.map(({ value, rows_of_it }) => [value, Number(rows_of_it)]))).toEqual(
      new Map([
        ["cancelled", 2],
        [null, 2],
      ]),
    );
    for (const { sql } of verificationQueries(attendeeStatus, dialect))
      expect((await db.query(sql)).rows.length).toBeGreaterThan(0);
    await db.query("DELETE FROM event_attendance");
    expect(await monitor(attendeeStatus)).toEqual({
      total_rows: 0,
      unset: 0,
      mismatched: 0,
      quarantined: 0,
      invalid: 0,
    });
  });

  test("rows are counted the same in both ways, as the application maps them, to the last one", async () => {
    const codes = attendeeStatus.codes.map(({ code }) => code);
    const row = fc.record({
      legacy: fc.option(noisy, { nil: null }),
      code: fc.oneof(fc.constant("right"), fc.constantFrom(null, ...codes)),
    });
    for (const cutover of [attendeeStatus, { ...attendeeStatus, unlisted: "runbook" as const }])
      await fc.assert(
        fc.asyncProperty(fc.array(row, { minLength: 30, maxLength: 50 }), async (rows) => {
          await db.query("DELETE FROM event_attendance");
          const written = rows.map(({ legacy, code }) => {
            const mapped = mapLegacy(cutover, legacy);
            return { legacy, mapped, code: code === "right" ? mapped : code };
          });
          for (const [at, { legacy, code }] of written.entries())
            await db.query(
              `INSERT INTO event_attendance (id, status, status_v2) VALUES (${at}, ${param(1)}, ${param(2)})`,
              [legacy, code],
            );
          const of = (which: (row: (typeof written)[number]) => boolean) => written.filter(which).length;
          // As its column compares, the runbook's CASE may take one spelling for another; MariaDB's columns fold and pad.
          const mapped = cutover.unlisted === "runbook" && name === "mysql" ? undefined : cutover;
          const counts = {
            total_rows: written.length,
            unset: of((each) => each.code === null && each.mapped !== null),
            mismatched: of((each) => each.code !== null && each.code !== each.mapped),
            quarantined: of((each) => each.mapped === null),
            null_rows: of((each) => each.code === null),
            ...Object.fromEntries(
              codes.map((code, at) => [`unset_${at}`, of((each) => each.code === null && each.mapped === code)]),
            ),
            invalid: 0,
          };
          const many = numbers((await db.query(countsQuery(cutover, dialect))).rows[0]);
          if (mapped !== undefined) expect(many).toEqual(counts);
          expect(numbers((await db.query(countsQuery(cutover, dialect, true))).rows[0])).toEqual(many);
          const [kinds] = (await db.query<{ kinds: unknown }>(kindsQuery(cutover, dialect))).rows;
          expect(Number(kinds!.kinds)).toBeLessThanOrEqual(new Set(written.map(({ legacy }) => legacy)).size);
          expect(Number(kinds!.kinds)).toBeGreaterThan(0);
        }),
        { seed, numRuns: 6 },
      );
    await db.query("DELETE FROM event_attendance");
  });

  test("the runbook's CASE does to the letter what the runbook does, its mistakes too", async () => {
    const values = [
      "checkedin",
      "attended",
      "checked_in",
      "absent",
      "noshow",
      "no show",
      "walk_in",
      "registered",
      "cancelled",
      "",
      null,
    ];
    await db.query("DELETE FROM event_attendance");
    for (const [at, value] of values.entries())
      await db.query(`INSERT INTO event_attendance (id, status) VALUES (${at}, ${param(1)})`, [value]);
    const { rows } = await db.query<{ mapped: string }>(
      `SELECT ${runbookCase(attendeeStatus, dialect)} AS mapped FROM event_attendance ORDER BY id`,
    );
    expect(rows.map(({ mapped }) => mapped)).toEqual(values.map((each) => mapByRunbook(attendeeStatus, each)));
    expect(rows[3]!.mapped).toBe("preregistered");
  });

  test("only codes are accepted", async () => {
    await db.query("INSERT INTO event_attendance (id, status_v2) VALUES (901, 'dna')");
    await expect(db.query("INSERT INTO event_attendance (id, status_v2) VALUES (900, 'present')")).rejects.toThrow();
  });

  test("bridge triggers keep both columns in step for random writers of one of them", async () => {
    await apply(bridgeTriggers(ticketState, dialect).create.map((sql) => ({ kind: "sql", sql }) as const));
    const legacy = fc.constantFrom("paid", " Held ", "on hold", "cancelled", "sold", "VOID");
    const code = fc.constantFrom("sold", "reserved", "void");
    const write = fc.record({
      row: fc.nat(3),
      by: fc.oneof(fc.record({ state: legacy }), fc.record({ state_code: code })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 5, maxLength: 20 }), async (writes) => {
        await db.query("DELETE FROM event_tickets");
        const there = new Set<number>();
        for (const { row, by } of writes) {
          const [column, value] = Object.entries(by)[0]!;
          if (there.has(row))
            await db.query(
              `UPDATE event_tickets SET ${column} = ${param(1)} WHERE event_id = 1 AND ticket_no = ${row}`,
              [value],
            );
          else
            await db.query(
              `INSERT INTO event_tickets (event_id, ticket_no, ${column}) VALUES (1, ${row}, ${param(1)})`,
              [value],
            );
          there.add(row);
          const { rows } = await db.query<{ state: string; state_code: string }>(
            `SELECT state, state_code FROM event_tickets WHERE ticket_no = ${row}`,
          );
          const kept = rows[0]! as unknown as Record<string, string>;
          // What was written is kept as written; the other column follows.
          expect(kept[column]).toBe(value);
          expect(kept.state_code).toBe(mapLegacy(ticketState, kept.state!));
        }
        const { total_rows, ...wrong } = await monitor(ticketState);
        expect(total_rows).toBe(there.size);
        expect(wrong).toEqual({ unset: 0, mismatched: 0, quarantined: 0, invalid: 0 });
      }),
      { numRuns: 5, seed },
    );
  });

  test("a bridge leaves an unlisted legacy value to the quarantine, and writers of both columns alone", async () => {
    await db.query("DELETE FROM event_tickets");
    await db.query("INSERT INTO event_tickets (event_id, ticket_no, state) VALUES (1, 1, 'paid')");
    await db.query("UPDATE event_tickets SET state = 'lost'");
    await db.query("INSERT INTO event_tickets (event_id, ticket_no, state, state_code) VALUES (1, 2, 'paid', 'void')");
    expect(await monitor(ticketState)).toEqual({ total_rows: 2, unset: 0, mismatched: 1, quarantined: 1, invalid: 0 });
    await apply(bridgeTriggers(ticketState, dialect).drop.map((sql) => ({ kind: "sql", sql }) as const));
  });

  test("the last step of phase 5 drops the renamed column", async () => {
    await apply(phaseDdl(attendeeStatus, 5, dialect).up);
    await apply([dropLegacy(attendeeStatus, dialect)]);
    await expect(db.query("SELECT status_legacy FROM event_attendance")).rejects.toThrow();
  });
});
