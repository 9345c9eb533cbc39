import { attendeeStatus, ticketState } from "@runback/attendance";
import {
  type ColumnCutover,
  type Connection,
  type CutoverStep,
  type Dialect,
  dropLegacy,
  findTable,
  mapLegacy,
  mappingCase,
  type Phase,
  phaseDdl,
} from "@runback/core";
import { openSqlite } from "@runback/engines";

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { applyDdl } from "../../packages/operations/src/cutover/apply-ddl.ts";
import { deep } from "../faults/seeded-random.ts";
import { type TestContext, testContext } from "../operations/support.ts";
import type { TestTarget } from "../support/engines.ts";
import { bytesOf, journaled, startRun, undo } from "../support/journaled.ts";
import { half, seed } from "../support/rotated-engines.ts";
import { families } from "./support.ts";

describe.each(half(families))("schema changes of a cutover on %s", (name) => {
  let site: TestContext & { target: TestTarget };
  let db: TestTarget["engine"];
  let dialect: Dialect;

  beforeEach(async () => {
    site = await testContext(name);
    db = site.target.engine;
    dialect = db.dialect;
    await db.query(
      `CREATE TABLE event_attendance (id integer PRIMARY KEY, who varchar(40) DEFAULT 'nobody', status varchar(100) DEFAULT 'registered' NOT NULL${name === "mysql" ? " COMMENT 'as typed; NOT NULL'" : ""})`,
    );
    await db.query(
      "CREATE TABLE scan (id integer PRIMARY KEY, attendance integer NOT NULL, FOREIGN KEY (attendance) REFERENCES event_attendance (id))",
    );
    await db.query(
      "INSERT INTO event_attendance (id, who, status) VALUES (1, 'ada', 'present'), (2, 'bob', 'no show'), (3, NULL, 'walk-in')",
    );
    await db.query("INSERT INTO scan (id, attendance) VALUES (1, 1), (2, 3)");
  });

  afterEach(async () => {
    await site?.[Symbol.asyncDispose]();
  });

  const nothing = async () => {};
  const apply = (steps: readonly CutoverStep[], record: (tx: Connection) => Promise<void> = nothing) =>
    applyDdl(site.context, attendeeStatus, steps, record);
  const enter = (phase: Phase, cutover: ColumnCutover = attendeeStatus) =>
    applyDdl(site.context, cutover, phaseDdl(cutover, phase, dialect).up, nothing);
  const leave = (phase: Phase) => apply(phaseDdl(attendeeStatus, phase, dialect).down);
  const columns = async () =>
    Object.fromEntries(
      findTable(await db.catalog(), "event_attendance")!.columns.map((column) => [column.name, column.nullable]),
    );
  const backfill = async () => {
    const { rows } = await db.query<{ id: number; status: string }>("SELECT id, status FROM event_attendance");
    for (const { id, status } of rows)
      await db.query(`UPDATE event_attendance SET status_v2 = '${mapLegacy(attendeeStatus, status)}' WHERE id = ${id}`);
  };
  const contents = async () => (await db.query("SELECT * FROM event_attendance ORDER BY id")).rows;

  test("every phase is entered and left, twice each without harm, on a table that is journaled and referred to", async () => {
    await journaled(db, ["event_attendance"], async (tx) => {
      await tx.query("UPDATE event_attendance SET who = 'eve' WHERE id = 2");
    });
    for (const phase of [0, 0, 1, 2] as const) await enter(phase);
    await backfill();
    for (const phase of [3, 4, 4, 5, 5] as const) await enter(phase);
    expect(await columns()).toEqual({ id: false, who: true, status_legacy: true, status_v2: false });
    await db.query("INSERT INTO event_attendance (id, status_v2) VALUES (4, 'dna')");
    await expect(db.query("INSERT INTO event_attendance (id, who) VALUES (5, 'x')")).rejects.toThrow();
    for (const phase of [5, 5, 4, 4, 1] as const) await leave(phase);
    expect(await columns()).toEqual({ id: false, who: true, status: true, status_v2: true });
    await leave(0);
    await leave(0);
    expect(Object.keys(await columns())).toEqual(["id", "who", "status"]);
    const kept = (await contents()).map((row) => Object.values(row));
    expect(kept).toEqual([
      [1, "ada", "present"],
      [2, "eve", "no show"],
      [3, null, "walk-in"],
      // The default of a column survives that its NOT NULL went.
      [4, "nobody", "registered"],
    ]);
    await expect(db.query("INSERT INTO scan (id, attendance) VALUES (3, 99)")).rejects.toThrow();
  });

  test("a crash between any two statements leaves what the same call finishes", async () => {
    if (db.capabilities.transactionalDdl) {
      const fail = () => Promise.reject(new Error("crash"));
      await expect(apply(phaseDdl(attendeeStatus, 0, dialect).up, fail)).rejects.toThrow("crash");
      expect(Object.keys(await columns())).toEqual(["id", "who", "status"]);
    }
    for (const phase of [0, 1, 4, 5] as const) {
      const { up } = phaseDdl({ ...attendeeStatus, dualWrite: "bridge" }, phase, dialect);
      for (let done = 1; done <= up.length; done++) await apply(up.slice(0, done));
      if (phase === 1) await backfill();
    }
    expect(await columns()).toEqual({ id: false, who: true, status_legacy: true, status_v2: false });
  });

  test("a column with NULLs does not become NOT NULL, and nothing is changed", async () => {
    await enter(0);
    await db.query("UPDATE event_attendance SET status_v2 = 'dna' WHERE id = 2");
    let recorded = false;
    const entering = apply(phaseDdl(attendeeStatus, 4, dialect).up, async () => {
      recorded = true;
    });
    await expect(entering).rejects.toMatchObject({ code: "COLUMN_HAS_NULLS", details: { rows: 2 }, exit: 1 });
    expect([recorded, await columns()]).toEqual([false, { id: false, who: true, status: false, status_v2: true }]);
  });

  test("a journaled run is taken back after later phases: columns came, were renamed, became NOT NULL", async () => {
    const before = await bytesOf(db, "event_attendance");
    const first = await journaled(db, ["event_attendance"], async (tx) => {
      await tx.query("UPDATE event_attendance SET status = 'late', who = 'x'");
    });
    await enter(0);
    expect((await undo(db, first)).remaining).toBe(0);
    await backfill();
    await enter(4);
    const second = await journaled(db, ["event_attendance"], async (tx) => {
      await tx.query("UPDATE event_attendance SET status_v2 = 'dna', who = 'y' WHERE id <> 2");
      await tx.query("INSERT INTO event_attendance (id, status_v2) VALUES (9, 'walkin')");
    });
    await enter(5);
    // Writers that name no run are never in the way of it, nor it in theirs.
    await db.query("UPDATE event_attendance SET status_v2 = 'checkedin' WHERE id = 2");
    const { plan, remaining } = await undo(db, second);
    expect([remaining, plan.tables]).toMatchObject([0, { event_attendance: { reverted: 3, edited: 0 } }]);
    expect(await contents()).toEqual([
      { id: 1, who: "ada", status_legacy: "present", status_v2: "checkedin" },
      { id: 2, who: "bob", status_legacy: "no show", status_v2: "checkedin" },
      { id: 3, who: null, status_legacy: "walk-in", status_v2: "walkin" },
    ]);
    await leave(5);
    await leave(4);
    await leave(0);
    expect(await bytesOf(db, "event_attendance")).toEqual(before);
  });

  test("after the legacy column is dropped writers write, runs are journaled, and older ones are refused by name", async () => {
    const first = await journaled(db, ["event_attendance"], async (tx) => {
      await tx.query("UPDATE event_attendance SET who = 'x'");
    });
    await enter(0);
    await backfill();
    await enter(4);
    await enter(5);
    await apply([dropLegacy(attendeeStatus, dialect)]);
    await apply([dropLegacy(attendeeStatus, dialect)]);
    await db.query("UPDATE event_attendance SET who = 'z' WHERE id = 1");
    const second = await journaled(db, ["event_attendance"], async (tx) => {
      await tx.query("UPDATE event_attendance SET status_v2 = 'dna'");
    });
    expect((await undo(db, second)).remaining).toBe(0);
    await expect(undo(db, first)).rejects.toMatchObject({ code: "SCHEMA_CHANGED" });
    expect((await contents()).map((row) => [row.who, row.status_v2])).toEqual([
      ["z", "checkedin"],
      ["x", "dna"],
      ["x", "walkin"],
    ]);
  });

  test("another definition's bridge takes the place of the one that is there", async () => {
    await db.query(
      "CREATE TABLE event_tickets (event_id integer NOT NULL, ticket_no integer NOT NULL, state varchar(100), PRIMARY KEY (event_id, ticket_no))",
    );
    await enter(0, ticketState);
    await enter(1, ticketState);
    const codes = ticketState.codes.map((code) => (code.code === "void" ? { ...code, spellings: ["gone"] } : code));
    await enter(1, { ...ticketState, codes });
    await db.query("INSERT INTO event_tickets (event_id, ticket_no, state) VALUES (1, 1, 'gone')");
    expect((await db.query("SELECT state_code FROM event_tickets")).rows).toEqual([{ state_code: "void" }]);
  });

  test("a run from before the column is taken back under the bridge: codes follow the legacy values that come back", async () => {
    await db.query(
      "CREATE TABLE event_tickets (event_id integer NOT NULL, ticket_no integer NOT NULL, state varchar(100), PRIMARY KEY (event_id, ticket_no))",
    );
    await db.query(
      "INSERT INTO event_tickets VALUES (1, 1, 'paid'), (1, 2, ' Held '), (1, 3, 'refunded'), (1, 4, 'lost')",
    );
    const before = await bytesOf(db, "event_tickets");
    const run = await journaled(db, ["event_tickets"], async (tx) => {
      await tx.query("UPDATE event_tickets SET state = 'void' WHERE ticket_no IN (1, 4)");
      await tx.query("DELETE FROM event_tickets WHERE ticket_no = 2");
      await tx.query("INSERT INTO event_tickets VALUES (1, 9, 'ok')");
    });
    await enter(0, ticketState);
    await enter(1, ticketState);
    await db.query(`UPDATE event_tickets SET state_code = ${mappingCase(ticketState, dialect)}`);
    const { plan, remaining } = await undo(db, run, "abort", 2);
    expect([plan.conflictCount, remaining]).toEqual([0, 0]);
    expect((await db.query("SELECT state, state_code FROM event_tickets ORDER BY ticket_no")).rows).toEqual([
      { state: "paid", state_code: "sold" },
      { state: " Held ", state_code: "reserved" },
      { state: "refunded", state_code: "void" },
      { state: "lost", state_code: null },
    ]);
    await applyDdl(site.context, ticketState, phaseDdl(ticketState, 1, dialect).down, nothing);
    await applyDdl(site.context, ticketState, phaseDdl(ticketState, 0, dialect).down, nothing);
    expect(await bytesOf(db, "event_tickets")).toEqual(before);
  });

  test("locks of others are waited for in turns, and given up in the end with nothing changed", async () => {
    // SQLite's sessions of one process wait for each other in turn: the other one is that of another process.
    const another = name === "sqlite" ? openSqlite(db.location) : db;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: held, resolve: hold } = Promise.withResolvers<void>();
    const other = another.transaction(async (tx) => {
      await tx.query("UPDATE event_attendance SET who = 'z' WHERE id = 1");
      hold();
      await released;
    });
    other.catch(() => {});
    await held;
    let turns = 0;
    const steps = phaseDdl(attendeeStatus, 0, dialect).up;
    const giveUp = applyDdl(site.context, attendeeStatus, steps, nothing, {
      lockTimeoutMs: 50,
      pause: async () => {
        if (++turns === 2) throw new Error("enough");
      },
    });
    await expect(giveUp).rejects.toThrow("enough");
    expect(Object.keys(await columns())).toEqual(["id", "who", "status"]);
    await applyDdl(site.context, attendeeStatus, steps, nothing, {
      lockTimeoutMs: 50,
      pause: async () => {
        release();
        await other;
      },
    });
    expect(Object.keys(await columns())).toContain("status_v2");
    if (another !== db) await another.close();
  });

  test.runIf(name === "mysql")(
    "where DDL commits, a run that writes meanwhile is journaled or refused, never neither",
    async () => {
      await enter(0);
      await backfill();
      await enter(4);
      await journaled(db, ["event_attendance"], async () => {});
      const runId = await startRun(db, "exec");
      // Between two statements of the change, as another session sees it.
      const seen: string[] = [];
      const table = findTable(await db.catalog(), "event_attendance")!;
      const [step] = phaseDdl(attendeeStatus, 5, dialect).up;
      if (step?.kind !== "sql") throw new Error("a rename is a statement");
      await db.transaction(async (tx) => {
        const query: Connection["query"] = async (text, params) => {
          const result = await tx.query<never>(text, params);
          if (/^(CREATE|DROP) TRIGGER|^ALTER/.test(text.trim())) seen.push(await probe(runId));
          return result;
        };
        await db.reshape.alter({ ...tx, query }, table, step.sql, step.effect);
      });
      expect(new Set(seen)).toEqual(new Set(["journaled", "refused"]));
      expect(await probe(runId)).toBe("journaled");
    },
  );

  test.runIf(name === "mysql")(
    "where DDL commits, a crash at any statement of a rename stops no writer, and is finished",
    async () => {
      await enter(0);
      await backfill();
      await enter(4);
      const [step] = phaseDdl(attendeeStatus, 5, dialect).up;
      if (step?.kind !== "sql") throw new Error("a rename is a statement");
      const names = async () => {
        const { rows } = await db.query<{ name: string }>(
          "SELECT trigger_name AS name FROM information_schema.triggers WHERE event_object_schema = database() AND event_object_table = 'event_attendance'",
        );
        return rows.map((row) => row.name.replace(/[0-9]+$/, (num) => (num === "0" ? "held" : ""))).sort();
      };
      let crashed = true;
      // A few of them in everyday runs, others each time.
      for (let at = deep ? 1 : 1 + (seed % 4); crashed; at += deep ? 1 : 4) {
        const before = await journaled(db, ["event_attendance"], async (tx) => {
          await tx.query(`UPDATE event_attendance SET who = 'x ${at}', status = 'late' WHERE id = 2`);
        });
        let left = at;
        const table = findTable(await db.catalog(), "event_attendance")!;
        const altering = db.transaction(async (tx) => {
          const query: Connection["query"] = async (text, params) => {
            const result = await tx.query<never>(text, params);
            if (/^(CREATE|DROP|ALTER|INSERT)/.test(text.trim()) && --left === 0) throw new RangeError("crash");
            return result;
          };
          await db.reshape.alter({ ...tx, query }, table, step.sql, step.effect);
        });
        crashed = await altering.then(
          () => false,
          (error: unknown) => {
            if (!(error instanceof RangeError)) throw error;
            return true;
          },
        );
        await db.query(`UPDATE event_attendance SET who = 'app ${at}' WHERE id = 1`);
        const between = await journaled(db, ["event_attendance"], async (tx) => {
          await tx.query(`UPDATE event_attendance SET who = 'y ${at}' WHERE id = 3`);
        });
        expect(await names()).toEqual(["runback_delete_", "runback_insert_", "runback_update_"]);
        await enter(5);
        for (const run of [between, before]) {
          const { plan, remaining } = await undo(db, run);
          expect([at, plan.conflictCount, remaining]).toEqual([at, 0, 0]);
        }
        await leave(5);
        if (!crashed) expect(at).toBeGreaterThan(6);
      }
    },
  );

  test.runIf(name === "mysql")("a column keeps everything else of its definition, whatever it has", async () => {
    await db.query(`CREATE TABLE wide (
      id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
      a varchar(20) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL DEFAULT 'it''s \\\\ NOT NULL' COMMENT 'default NULL, it''s',
      b enum('x','not null','y''z') DEFAULT NULL,
      c timestamp NULL DEFAULT NULL,
      d timestamp NOT NULL DEFAULT current_timestamp ON UPDATE current_timestamp,
      e decimal(10,2) unsigned DEFAULT NULL CHECK (e IS NULL OR e > 0),
      f json DEFAULT NULL,
      g mediumtext COLLATE utf8mb4_bin DEFAULT NULL,
      h datetime(6) NOT NULL,
      i bit(3) DEFAULT b'101',
      KEY (a), UNIQUE KEY (b, e), FULLTEXT KEY (g), CHECK (a <> b)
    ) COMMENT 'NOT NULL'`);
    await db.query(
      "INSERT INTO wide (a, b, c, d, e, f, g, h, i) VALUES ('a', 'x', '2026-01-01', '2026-01-01', 1, '{}', 'g', '2026-01-01', b'1')",
    );
    const lines = async () =>
      (await db.query<{ "Create Table": string }>("SHOW CREATE TABLE wide")).rows[0]!["Create Table"].split("\n");
    const plain = (line: string) => line.replace(/ (NOT NULL|DEFAULT NULL|NULL)(?=[ ,]|$)/g, "");
    const before = [await lines(), await bytesOf(db, "wide")] as const;
    for (const column of "abcdefghi")
      for (const nullable of [false, true, false]) {
        const table = findTable(await db.catalog(), "wide")!;
        await db.reshape.transaction((tx) => db.reshape.setNullable(tx, table, column, nullable), 1_000);
        const now = findTable(await db.catalog(), "wide")!;
        expect(now.columns.find((each) => each.name === column)!.nullable).toBe(nullable);
        expect((await lines()).map(plain)).toEqual(before[0].map(plain));
      }
    expect(await bytesOf(db, "wide")).toEqual(before[1]);
    expect((await db.query("SHOW TABLES LIKE 'runback\\\\_probe%'")).rows).toEqual([]);
  });

  let value = 0;
  const probe = async (runId: string): Promise<string> => {
    await db.query(`UPDATE event_attendance SET who = 'app ${++value}' WHERE id = 3`);
    const entries = async () => Number((await db.query("SELECT count(*) + 0e0 AS n FROM runback_journal")).rows[0]!.n);
    const before = await entries();
    try {
      await db.transaction(async (tx) => {
        await tx.query("SET @runback_run_id = $1", [runId]);
        await tx.query(`UPDATE event_attendance SET who = 'run ${++value}' WHERE id = 1`);
      });
    } catch (error) {
      return (error as { code?: unknown }).code === "LOCK_TIMEOUT" ? "refused" : String(error);
    }
    return (await entries()) > before ? "journaled" : "unseen";
  };
});
