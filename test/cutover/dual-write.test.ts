import { ticketState } from "@runback/attendance";
import {
  type Connection,
  type Engine,
  mapLegacy,
  mappingCase,
  monitorQuery,
  phaseDdl,
  type Stage,
  type Value,
} from "@runback/core";
import { ColumnSwitch } from "@runback/flags";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyDdl } from "../../packages/operations/src/cutover/apply-ddl.ts";
import { deep } from "../faults/seeded-random.ts";
import { type TestContext, testContext } from "../operations/support.ts";
import type { TestTarget } from "../support/engines.ts";
import { familyOf } from "../support/family.ts";
import { bytesOf, journaled, undo } from "../support/journaled.ts";
import { inTurn, seed } from "../support/rotated-engines.ts";
import { families } from "./support.ts";

const legacy = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("paid", "OK", " Held ", "on hold", "cancelled", "sold", "VOID\t", "reserved"),
  },
  fc.constantFrom("lost", "", "pa\u0131d"),
);
const code = fc.constantFrom("sold", "reserved", "void");
const keys = fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 4 });
const agreed = legacy.map((state) => ({ state, state_code: mapLegacy(ticketState, state) }));

interface Write {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** What a writer sets; a column that is not named is not written. */
type Values = Readonly<Record<string, string | null>>;

const raw = fc.oneof(
  legacy.map((state): Values => ({ state })),
  code.map((state_code): Values => ({ state_code })),
  agreed.map((both): Values => both),
  fc.constant<Values>({ note: "neither" }),
  fc.constant<Values>({ state: null }),
  fc.constant<Values>({ state_code: null }),
  legacy.map((state): Values => ({ state, state_code: null })),
);

describe.each(inTurn(families))(`both columns of a cutover on %s (seed ${seed})`, (name) => {
  let site: TestContext & { target: TestTarget };
  let db: Engine;

  beforeAll(async () => {
    site = await testContext(name);
    db = site.target.engine;
    await db.query(
      "CREATE TABLE event_tickets (event_id integer NOT NULL, ticket_no integer NOT NULL, state varchar(100), note varchar(100), PRIMARY KEY (event_id, ticket_no))",
    );
    await applyDdl(site.context, ticketState, phaseDdl(ticketState, 0, db.dialect).up, async () => {});
    // Journaled before the bridge is there: SQLite calls the younger trigger first.
    await journaled(db, ["event_tickets"], async () => {});
  });

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  const { numRuns, length } = deep ? { numRuns: 60, length: 40 } : { numRuns: 4, length: 25 };
  const timeout = deep ? 900_000 : 60_000;

  const write = ({ sql, values }: Write) => [sql, values] as const;
  const where = (rows: readonly number[]) => `event_id = 1 AND ticket_no IN (${rows.join(", ")})`;
  const insert = (rows: readonly number[], values: Values, how = "INSERT INTO"): Write => {
    const names = Object.keys(values);
    const placed = rows.map(
      (row, at) => `(1, ${row}${names.map((_, n) => `, ${db.dialect.param(at * names.length + n + 1)}`).join("")})`,
    );
    return {
      sql: `${how} event_tickets (event_id, ticket_no${names.map((each) => `, ${each}`).join("")}) VALUES ${placed.join(", ")}`,
      values: rows.flatMap(() => Object.values(values)),
    };
  };
  const update = (rows: readonly number[], values: Values): Write => ({
    sql: `UPDATE event_tickets SET ${Object.keys(values)
      .map((each, n) => `${each} = ${db.dialect.param(n + 1)}`)
      .join(", ")} WHERE ${where(rows)}`,
    values: Object.values(values),
  });
  const upsert = (rows: readonly number[], values: Values): Write => {
    const { sql, values: given } = insert(rows, values);
    const set = (source: (column: string) => string) =>
      Object.keys(values)
        .map((each) => `${each} = ${source(each)}`)
        .join(", ");
    return familyOf(name) === "mysql"
      ? { sql: `${sql} ON DUPLICATE KEY UPDATE ${set((each) => `VALUES(${each})`)}`, values: given }
      : {
          sql: `${sql} ON CONFLICT (event_id, ticket_no) DO UPDATE SET ${set((each) => `excluded.${each}`)}`,
          values: given,
        };
  };

  /** v2 = map(legacy): by the monitor's own query, and once more by the application's function. */
  const assertAgreed = async () => {
    const { rows } = await db.query<{ ticket_no: number; state: string | null; state_code: string | null }>(
      "SELECT ticket_no, state, state_code FROM event_tickets",
    );
    expect(rows.filter((row) => row.state_code !== mapLegacy(ticketState, row.state))).toEqual([]);
    const [counted] = (await db.query<Record<string, unknown>>(monitorQuery(ticketState, db.dialect))).rows;
    expect([counted!.unset, counted!.mismatched, counted!.invalid].map(Number)).toEqual([0, 0, 0]);
  };

  const act = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom("insert", "upsert", "replace"), rows: keys, values: raw }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("update"), rows: keys, values: raw }) },
    fc.record({ kind: fc.constant("noise"), rows: keys, values: raw }),
    fc.record({ kind: fc.constant("delete"), rows: keys, values: raw }),
    fc.record({ kind: fc.constant("abandon"), rows: keys, values: raw }),
  );
  type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

  const perform = async (tx: Connection, { kind, rows, values }: Act, empty: readonly number[]): Promise<void> => {
    const open = rows.filter((row) => empty.includes(row));
    if (kind === "insert" && open.length > 0) await tx.query(...write(insert(open, values)));
    if (kind === "upsert") await tx.query(...write(upsert(rows, values)));
    // PostgreSQL has no REPLACE.
    if (kind === "replace" && familyOf(name) !== "postgres")
      await tx.query(...write(insert(rows, values, "REPLACE INTO")));
    if (kind === "update") await tx.query(...write(update(rows, values)));
    if (kind === "noise") await tx.query(`UPDATE event_tickets SET state = concat(' ', state) WHERE ${where(rows)}`);
    if (kind === "delete") await tx.query(`DELETE FROM event_tickets WHERE ${where(rows)}`);
  };

  test("with bridge triggers, after whatever any program writes, and after it is taken back", { timeout }, async () => {
    await applyDdl(site.context, ticketState, phaseDdl(ticketState, 1, db.dialect).up, async () => {});
    const session = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ journaled: fc.constant(false), acts: fc.array(act, { minLength: 1, maxLength: 2 }) }),
      },
      fc.record({ journaled: fc.constant(true), acts: fc.array(act, { minLength: 1, maxLength: 5 }) }),
      fc.record({ journaled: fc.constant(false), acts: fc.constant<Act[]>([]) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(session, { minLength: length, maxLength: length }), async (sessions) => {
        await db.query("DELETE FROM event_tickets");
        const runs: string[] = [];
        for (const { journaled: named, acts } of sessions) {
          if (acts.length === 0) {
            const run = runs.pop();
            if (run !== undefined) await undo(db, run, "skip", 3);
          } else if (named) {
            runs.push(
              await journaled(db, ["event_tickets"], async (tx) => {
                for (const each of acts) await perform(tx, each, await emptyIn(tx));
              }),
            );
          } else {
            const abandoned = acts.some(({ kind }) => kind === "abandon");
            const done = db.transaction(async (tx) => {
              for (const each of acts) await perform(tx, each, await emptyIn(tx));
              if (abandoned) throw new RangeError("abandoned");
            });
            if (abandoned) await expect(done).rejects.toThrow(RangeError);
            else await done;
          }
          await assertAgreed();
        }
      }),
      { numRuns, seed },
    );
    await applyDdl(site.context, ticketState, phaseDdl(ticketState, 1, db.dialect).down, async () => {});
  });

  test("a run is taken back to the byte while the bridge is on, to rows from before it too", async () => {
    await db.query("DELETE FROM event_tickets");
    await db.query(...write(insert([1, 2, 3], { state: " Held " })));
    await applyDdl(site.context, ticketState, phaseDdl(ticketState, 1, db.dialect).up, async () => {});
    const before = await bytesOf(db, "event_tickets");
    const run = await journaled(db, ["event_tickets"], async (tx) => {
      await tx.query(...write(update([1], { state_code: "reserved" })));
      await tx.query(...write(update([2], { state: "paid" })));
      await tx.query("DELETE FROM event_tickets WHERE ticket_no = 3");
    });
    const { plan, remaining } = await undo(db, run);
    expect([plan.conflictCount, remaining]).toEqual([0, 0]);
    expect(await bytesOf(db, "event_tickets")).toEqual(before);
    // And the bridge is there again: who empties a code does not empty the legacy value.
    await db.query("UPDATE event_tickets SET state_code = NULL, note = 'x'");
    await assertAgreed();
    expect((await db.query("SELECT DISTINCT state, state_code FROM event_tickets")).rows).toEqual([
      { state: " Held ", state_code: "reserved" },
    ]);
    await applyDdl(site.context, ticketState, phaseDdl(ticketState, 1, db.dialect).down, async () => {});
  });

  const emptyIn = async (tx: Connection) => {
    const there = await tx.query<{ ticket_no: number }>("SELECT ticket_no FROM event_tickets");
    return [...Array(10).keys()].filter((row) => !there.rows.some((each) => Number(each.ticket_no) === row));
  };

  test("with the switch's writers, in every stage that writes both, with bulk statements and imports between, taken back or not", {
    timeout,
  }, async () => {
    const stage = fc.constantFrom<Stage>("dualwrite", "shadow", "live", "rampdown");
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("switch"), stage, rows: keys, state: legacy }) },
      fc.record({ kind: fc.constantFrom("bulk", "import", "undo"), stage, rows: keys, state: legacy }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: length, maxLength: length }), async (steps) => {
        await db.query("DELETE FROM event_tickets");
        const runs: string[] = [];
        for (const { kind, stage: current, rows, state } of steps) {
          const calls: string[] = [];
          const column = new ColumnSwitch({
            flags: { stage: () => current },
            cutover: "ticket-state",
            timeoutMs: 60_000,
          });
          if (kind === "switch") {
            await db.transaction(async (tx) => {
              // The two functions of an application, on one transaction.
              const set = column.writer({
                legacy: async (row: number, value: string) => {
                  calls.push(`legacy ${row}`);
                  await tx.query(...write(upsert([row], { state: value })));
                },
                new: async (row: number, value: string) => {
                  calls.push(`new ${row}`);
                  await tx.query(...write(upsert([row], { state_code: mapLegacy(ticketState, value) })));
                },
              });
              for (const row of rows) await set(row, state);
            });
            const order = current === "live" || current === "rampdown" ? ["new", "legacy"] : ["legacy", "new"];
            expect(calls).toEqual(rows.flatMap((row) => order.map((side) => `${side} ${row}`)));
          }
          const mapped = mappingCase(ticketState, db.dialect, db.dialect.literal(state));
          if (kind === "bulk")
            await db.query(
              `UPDATE event_tickets SET state = ${db.dialect.literal(state)}, state_code = ${mapped} WHERE ${where(rows)}`,
            );
          if (kind === "import")
            runs.push(
              await journaled(db, ["event_tickets"], async (tx) => {
                await tx.query(`DELETE FROM event_tickets WHERE ${where(rows)}`);
                for (const row of rows)
                  await tx.query(
                    `INSERT INTO event_tickets (event_id, ticket_no, state, state_code) SELECT 1, ${row}, ${db.dialect.literal(state)}, ${mapped}`,
                  );
              }),
            );
          const run = kind === "undo" ? runs.pop() : undefined;
          if (run !== undefined) await undo(db, run, "skip", 3);
          await assertAgreed();
        }
      }),
      { numRuns, seed },
    );
  });

  test("what the monitor is there for: a second side that fails leaves rows that are counted, and the caller none the wiser", async () => {
    await db.query("DELETE FROM event_tickets");
    const outcomes: string[] = [];
    const column = new ColumnSwitch({
      flags: { stage: () => "dualwrite" },
      cutover: "ticket-state",
      onMetric: ({ kind, outcome }) => outcomes.push(`${kind} ${outcome}`),
    });
    const set = column.writer({
      legacy: async (row: number) => void (await db.query(...write(upsert([row], { state: "paid" })))),
      new: async () => {
        throw new Error("no");
      },
    });
    await set(1);
    expect(outcomes).toEqual(["secondary-write failed"]);
    const [counted] = (await db.query<Record<string, unknown>>(monitorQuery(ticketState, db.dialect))).rows;
    expect(Number(counted!.unset)).toBe(1);
  });
});
