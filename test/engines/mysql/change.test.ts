import { type ChangedColumn, findTable, type RunbackError } from "@runback/core";
import { openMysql } from "@runback/engines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames, freshTarget, type TestTarget } from "../../support/engines.ts";
import { journaled, startRun, undo } from "../../support/journaled.ts";
import { bytesOf } from "../../support/spell.ts";

const settings = (literals: Record<string, string>): ChangedColumn[] =>
  Object.entries(literals).map(([column, value]) => ({ column, value }));

// What is journaled without the triggers' help must be what they would have journaled.
describe.each(engineNames.filter((name) => name === "mysql"))("columns changed in sets on %s", (name) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await freshTarget(name);
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  let tables = 0;
  async function table(columns: string, rows: string): Promise<string> {
    const created = `filled_${++tables}`;
    await target.engine.script(`CREATE TABLE ${created} (id int PRIMARY KEY, ${columns}) CHARACTER SET utf8mb4;
      INSERT INTO ${created} VALUES ${rows}`);
    return created;
  }

  /** A run that changes rows, and says whether it did so in sets: by what reached the server. */
  async function change(tableName: string, set: ChangedColumn[], where: string, params: string[] = []) {
    const { engine } = target;
    const filled = findTable(await engine.catalog(), tableName)!;
    await engine.transaction((tx) => engine.journal.enroll(tx, [filled]));
    const runId = await startRun(engine, "exec");
    const sent: string[] = [];
    const count = await engine.transaction(async (tx) => {
      await engine.journal.begin(tx, runId);
      const spied = {
        ...tx,
        query: ((text, values) => {
          sent.push(text);
          return tx.query(text, values);
        }) as typeof tx.query,
      };
      const written = await engine.journal.change(spied, runId, { table: filled, set, where, params });
      const { rows } = await tx.query<{ run: string | null }>("SELECT @runback_run_id AS run");
      expect(rows[0]!.run).toBe(runId);
      return written;
    });
    return { runId, count, inSets: sent.some((text) => text.startsWith("INSERT INTO runback_journal")) };
  }

  /** Byte-equal there and back, every row journaled once, and none called edited. */
  async function comesBack(tableName: string, runId: string, rows: number, before: string[]) {
    const { engine } = target;
    const journal = await engine.query<{ n: string }>(
      "SELECT count(*) AS n FROM runback_journal WHERE run = (SELECT num FROM runback_runs WHERE run_id = $1)",
      [runId],
    );
    expect(Number(journal.rows[0]!.n)).toBe(rows);
    const after = await bytesOf(engine, tableName);
    expect(after).not.toEqual(before);
    const back = await undo(engine, runId);
    expect(back.plan.conflicts).toEqual([]);
    expect(Object.values(back.plan.tables)).toEqual([
      expect.objectContaining({ reverted: rows, edited: 0, already: 0 }),
    ]);
    expect(back.remaining).toBe(0);
    expect(await bytesOf(engine, tableName)).toEqual(before);
    await undo(engine, back.rollbackRunId);
    expect(await bytesOf(engine, tableName)).toEqual(after);
  }

  test.each([
    ["varchar(9) CHARACTER SET latin1", "'ü-,'"],
    ["varchar(4) CHARACTER SET ucs2", "'ab'"],
    ["varchar(3)", "'abc   '"],
    ["varchar(9) COLLATE utf8mb4_bin", "concat('n', id)"],
    ["text CHARACTER SET utf8mb3", "'äöü'"],
    ["longtext", "repeat('x', 70000)"],
    ["tinyint", "CAST('-7' AS signed)"],
    ["bigint unsigned", "18446744073709551615"],
    ["int unsigned", "CAST($1 AS signed)"],
    ["datetime", "CAST('2026-03-29 02:30:00' AS datetime(0))"],
    ["datetime(3)", "CAST('2026-03-29 02:30:00.123' AS datetime(3))"],
    ["datetime(3)", "CAST('2026-03-29 02:30:00.123999' AS datetime(6))"],
    ["datetime(3) ON UPDATE current_timestamp(3)", "CAST('2026-03-29 02:30:00.123' AS datetime(3))"],
  ])("%s given %s", async (type, value) => {
    const filled = await table(
      `a varchar(20), v ${type} NULL`,
      "(1, 'one', NULL), (2, 'two', NULL), (3, 'three', NULL)",
    );
    const before = await bytesOf(target.engine, filled);
    const set = settings({ v: value, a: "'filled'" });
    const { runId, count, inSets } = await change(filled, set, "t.v IS NULL AND t.id < 3", ["5"]);
    expect([count, inSets]).toEqual([2, true]);
    await comesBack(filled, runId, 2, before);
  });

  test.each([
    ["what is padded", "v char(9) NULL", "'a'"],
    ["digits that are filled up", "v int(8) zerofill NULL", "42"],
    ["a timestamp", "v timestamp(3) NULL", "CAST('2026-03-29 02:30:00.123' AS datetime(3))"],
    ["a float", "v float NULL", "0.1"],
    ["a column beside it that is stamped", "v int NULL, at datetime(6) NULL ON UPDATE current_timestamp(6)", "1"],
  ])("leaves %s to the triggers", async (_, columns, value) => {
    const filled = await table(columns, columns.includes(",") ? "(1, NULL, NULL)" : "(1, NULL)");
    const before = await bytesOf(target.engine, filled);
    const { runId, count, inSets } = await change(filled, settings({ v: value }), "t.v IS NULL");
    expect([count, inSets]).toEqual([1, false]);
    await comesBack(filled, runId, 1, before);
  });

  test("leaves it to the triggers where those of others fire, also when they come between two steps of a process", async () => {
    const { engine } = target;
    const filled = await table("v int NULL, w int NULL", "(1, NULL, NULL), (2, NULL, NULL), (3, NULL, NULL)");
    const first = await change(filled, settings({ v: "1" }), "t.id = 1");
    await engine.script(`CREATE TRIGGER others_${filled} BEFORE UPDATE ON ${filled} FOR EACH ROW SET NEW.w = 9`);
    const second = await change(filled, settings({ v: "1" }), "t.id = 2");
    await engine.script(`DROP TRIGGER others_${filled}`);
    const third = await change(filled, settings({ v: "1" }), "t.id = 3");
    expect([first.inSets, second.inSets, third.inSets]).toEqual([true, false, true]);
    for (const { runId } of [first, second, third]) {
      const back = await undo(engine, runId);
      expect(back.plan.conflicts).toEqual([]);
      expect(back.remaining).toBe(0);
    }
    const { rows } = await engine.query(`SELECT v, w FROM ${filled} WHERE v IS NOT NULL OR w IS NOT NULL`);
    expect(rows).toEqual([]);
  });

  test("the catalog is asked again after whatever was done to the table, and only then", async () => {
    const { engine } = target;
    const rows = Array.from({ length: 12 }, (_, at) => `(${at + 1}, NULL, NULL)`);
    const changed = await table("v int NULL, w int NULL", rows.join(", "));
    const found = findTable(await engine.catalog(), changed)!;
    await engine.transaction((tx) => engine.journal.enroll(tx, [found]));
    const runId = await startRun(engine, "exec");
    let row = 0;
    const step = async () => {
      const sent: string[] = [];
      await engine.transaction(async (tx) => {
        const query = ((text, values) => {
          sent.push(text);
          return tx.query(text, values);
        }) as typeof tx.query;
        const request = { table: found, column: "v", value: "1", where: `t.id = ${++row}`, params: [] };
        expect(await engine.journal.fill({ ...tx, query }, runId, request)).toBe(1);
      });
      const inSets = sent.some((text) => text.startsWith("INSERT INTO runback_journal"));
      const asked = sent.some((text) => text.includes("information_schema.triggers"));
      return [inSets ? "sets" : "triggers", asked ? "asked" : "knew"];
    };
    // Whoever reads the table after a change of it must not hide that change.
    const other = openMysql(engine.location, { max: 1 });
    const after = async (ddl: string) => {
      await other.script(`${ddl}; SELECT * FROM ${changed}`);
      return await step();
    };
    const trigger = `CREATE TRIGGER others_${changed} BEFORE UPDATE ON ${changed} FOR EACH ROW SET NEW.w = 9`;
    try {
      expect(await step()).toEqual(["sets", "asked"]);
      expect(await step()).toEqual(["sets", "knew"]);
      expect(await after(trigger)).toEqual(["triggers", "asked"]);
      expect(await after(`DROP TRIGGER others_${changed}`)).toEqual(["sets", "asked"]);
      expect(await step()).toEqual(["sets", "knew"]);
      expect(await after(`ALTER TABLE ${changed} ADD COLUMN at datetime NULL ON UPDATE current_timestamp`)).toEqual([
        "triggers",
        "asked",
      ]);
      // The first of these makes the triggers anew, for they are those of a table with that column.
      expect(await after(`ALTER TABLE ${changed} DROP COLUMN at`)).toEqual(["triggers", "asked"]);
      expect(await step()).toEqual(["sets", "asked"]);
      // Made under another name, read, and swapped in, as tools that change tables online do.
      await other.script(`CREATE TABLE new_${changed} LIKE ${changed}; INSERT INTO new_${changed} SELECT * FROM ${changed};
        CREATE TRIGGER others_${changed} BEFORE UPDATE ON new_${changed} FOR EACH ROW SET NEW.w = 9; SELECT * FROM new_${changed}`);
      expect(await step()).toEqual(["sets", "asked"]);
      const triggers = (
        await other.query<{ name: string }>(
          "SELECT trigger_name AS name FROM information_schema.triggers WHERE event_object_table = $1 AND event_object_schema = database()",
          [changed],
        )
      ).rows.map(({ name }) => `DROP TRIGGER ${name}`);
      await other.script(
        `${triggers.join("; ")}; RENAME TABLE ${changed} TO old_${changed}, new_${changed} TO ${changed}`,
      );
      await engine.transaction((tx) => engine.journal.renew(tx));
      row = 10;
      expect(await step()).toEqual(["triggers", "asked"]);
    } finally {
      await other.close();
    }
  });

  test("nobody makes a trigger between the look at the triggers and the change", async () => {
    const { engine } = target;
    const changed = await table("v int NULL", "(1, NULL)");
    const found = findTable(await engine.catalog(), changed)!;
    await engine.transaction((tx) => engine.journal.enroll(tx, [found]));
    const runId = await startRun(engine, "exec");
    const made: unknown[] = [];
    await engine.transaction(async (tx) => {
      const query = (async (text, values) => {
        if (text.startsWith("INSERT INTO runback_journal")) {
          const trigger = `CREATE TRIGGER late_${changed} BEFORE UPDATE ON ${changed} FOR EACH ROW SET NEW.v = 9`;
          await engine
            .transaction((other) => other.script(trigger), { lockTimeoutMs: 1_000 })
            .catch((error) => made.push(error));
        }
        return await tx.query(text, values);
      }) as typeof tx.query;
      await engine.journal.fill({ ...tx, query }, runId, {
        table: found,
        column: "v",
        value: "1",
        where: "t.v IS NULL",
        params: [],
      });
    });
    expect(made).toEqual([expect.objectContaining({ code: "LOCK_TIMEOUT" })]);
  });

  test("in a transaction in which the run is named, each row is journaled once, and what follows is journaled too", async () => {
    const { engine } = target;
    const filled = await table("v int NULL", "(1, NULL), (2, NULL), (3, NULL)");
    const before = await bytesOf(engine, filled);
    const { runId, inSets } = await change(filled, settings({ v: "7" }), "t.id <= 2");
    expect(inSets).toBe(true);
    await comesBack(filled, runId, 2, before);
    const runs = await journaled(engine, [filled], async (tx) => {
      const found = findTable(await engine.catalog(), filled)!;
      const { rows } = await tx.query<{ run: string }>("SELECT @runback_run_id AS run");
      const request = { table: found, set: settings({ v: "8" }), params: [] };
      await engine.journal.change(tx, rows[0]!.run, { ...request, where: "t.id = 1" });
      // A statement that fails in between must not leave the session without its run.
      await tx
        .savepoint(() => engine.journal.change(tx, rows[0]!.run, { ...request, where: "t.nothing = 1" }))
        .catch(() => {});
      await tx.query(`UPDATE ${filled} SET v = 9 WHERE id = 3`);
    });
    expect(await engine.journal.rows(engine, runs)).toBe(2);
  });

  test("rows that come into the condition between its two statements: nothing is written", async () => {
    const { engine } = target;
    const filled = await table("v int NULL", "(1, NULL), (5, NULL)");
    const found = findTable(await engine.catalog(), filled)!;
    await engine.transaction((tx) => engine.journal.enroll(tx, [found]));
    const runId = await startRun(engine, "exec");
    const filling = engine.transaction(async (tx) => {
      const query = (async (text, values) => {
        const answer = await tx.query(text, values);
        if (text.startsWith("INSERT INTO runback_journal"))
          await engine.query(`INSERT INTO ${filled} VALUES (3, NULL)`);
        return answer;
      }) as typeof tx.query;
      const request = { table: found, column: "v", value: "1", where: "t.v IS NULL", params: [] };
      await engine.journal.fill({ ...tx, query }, runId, request);
    });
    const failed = await filling.catch((error: unknown) => error as RunbackError);
    expect((failed as RunbackError).code).toBe("LOCK_TIMEOUT");
    expect(await engine.journal.rows(engine, runId)).toBe(0);
    const { rows } = await engine.query(`SELECT id, v FROM ${filled} ORDER BY id`);
    expect(rows).toEqual([
      { id: 1, v: null },
      { id: 3, v: null },
      { id: 5, v: null },
    ]);
  });
});
