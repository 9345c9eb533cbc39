import type { Engine } from "@runback/core";
import { openMysql } from "@runback/engines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames, freshTarget, type TestTarget } from "../../support/engines.ts";
import { journaled, undo } from "../../support/journaled.ts";
import { bytesOf } from "../../support/spell.ts";

/** Type, and literals that its text, a session or a server setting could bend. */
const cases: readonly [type: string, ...values: string[]][] = [
  ["tinyint", "-128", "127", "0"],
  ["tinyint(1)", "1", "2", "-5"],
  ["int unsigned zerofill", "0", "4294967295", "42"],
  ["bigint", "-9223372036854775808", "9223372036854775807", "9007199254740993"],
  ["bigint unsigned", "18446744073709551615", "0", "9223372036854775808"],
  [
    "decimal(65,30)",
    "12345678901234567890123456789012345.123456789012345678901234567891",
    "-0.000000000000000000000000000001",
    "0",
  ],
  ["decimal(10,2)", "1.10", "-99999999.99", "0.00"],
  ["float", "0.1", "16777217", "1.17549435e-38", "3.4028234663852886e38", "1e10/3"],
  ["float(7,4)", "0.12345", "999.0001", "-1.5"],
  ["double", "0.1 + 0.2", "1e308", "5e-324", "-1.7976931348623157e308", "1e22/7"],
  ["bit(1)", "b'1'", "b'0'"],
  ["bit(64)", "b'1111111111111111111111111111111111111111111111111111111111111111'", "b'1'", "b'0'"],
  ["year", "1901", "2155", "0"],
  ["date", "'0000-00-00'", "'2026-00-00'", "'2026-02-31'", "'9999-12-31'", "'1000-01-01'"],
  ["time(6)", "'-838:59:59.000000'", "'838:59:59.000000'", "'00:00:00.000001'"],
  ["datetime", "'0000-00-00 00:00:00'", "'9999-12-31 23:59:59'", "'2026-03-29 02:30:00'"],
  ["datetime(6)", "'1000-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'", "'2026-02-31 10:00:00.5'"],
  [
    "timestamp(6) NULL",
    "from_unixtime(1774745999.999999)",
    "from_unixtime(0.000001)",
    "from_unixtime(1792890000.5)",
    "from_unixtime(1792893600)",
  ],
  ["timestamp NULL", "'0000-00-00 00:00:00'", "from_unixtime(2147483647)", "from_unixtime(1)"],
  ["char(5)", "'a'", "''", "'ü,-'"],
  ["varchar(30) CHARACTER SET latin1 COLLATE latin1_swedish_ci", "_latin1 X'E4F6FC80'", "'A'", "'a  '"],
  [
    "varchar(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "_utf8mb4 X'F09F9880'",
    "'a '",
    "'A'",
    "''",
    "'-'",
    "'it''s \\\\ \"x\"'",
  ],
  ["varchar(30) CHARACTER SET ucs2", "_ucs2 X'00410416'", "'x'"],
  ["text CHARACTER SET utf8mb3", "'x\\ny\\r\\n\\t'", "repeat('ab', 30000)", "''"],
  ["binary(4)", "X'00'", "X'FFFFFFFF'", "X'2C2D2020'"],
  ["varbinary(20)", "X''", "X'00FF002C'", "X'2020'"],
  ["longblob", "repeat(X'00FF', 100000)", "X''", "X'27'"],
  ["enum('a','','B,c','ü')", "'a'", "''", "'B,c'", "'ü'"],
  ["set('x','y','z')", "'x,z'", "''", "'z'"],
  ["json", `'{"b": 1.10, "a":  [1, null, "ü"], "b2": 1e400}'`, "'null'", `'"text"'`],
  ["uuid", "'123e4567-e89b-12d3-a456-426655440000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
  ["inet6", "'::1'", "'2001:db8::ff00:42:8329'"],
  ["point", "ST_GeomFromText('POINT(1.1 -2.2)')", "ST_GeomFromText('POINT(0 0)')"],
];

// The writer's session is set up to make every value's text lossy; the rows must come back anyway.
const hostile =
  "SET time_zone = '-07:00', sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH,ALLOW_INVALID_DATES', div_precision_increment = 1; SET NAMES latin1";

describe.each(engineNames.filter((name) => name === "mysql"))("types on %s", (name) => {
  let target: TestTarget;
  let engine: Engine;
  beforeAll(async () => {
    target = await freshTarget(name);
    engine = target.engine;
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  const keyed = cases.filter(([type]) => !/text|blob|json|point|float|double/.test(type));
  const valueTables = cases.map((_, at) => `v${at}`);
  const keyTables = keyed.map((_, at) => `k${at}`);
  const contents = async () =>
    new Map(
      await Promise.all(
        [...valueTables, ...keyTables].map(async (table) => [table, await bytesOf(engine, table)] as const),
      ),
    );
  const seen: Record<string, Map<string, string[]>> = {};

  // One run over all tables: enrolling is DDL, and a table at a time took a minute.
  test("a run through a session that bends what it can, taken back, and that taken back again", async () => {
    for (const [at, [type, ...values]] of cases.entries()) {
      const rows = [...values, "NULL"].map((value, id) => `(${id}, ${value}, NULL)`);
      await engine.script(
        `CREATE TABLE v${at} (id int PRIMARY KEY, v ${type}, n ${type}); INSERT INTO v${at} VALUES ${rows.join(", ")}`,
      );
    }
    for (const [at, [type, ...values]] of keyed.entries()) {
      const rows = values.map((value, n) => `(${value}, ${n}, ${n})`);
      await engine.script(
        `CREATE TABLE k${at} (id ${type.replace(" NULL", "")} NOT NULL, n int, v int, PRIMARY KEY (id, n)); INSERT INTO k${at} VALUES ${rows.join(", ")}`,
      );
    }
    seen.before = await contents();
    const runId = await journaled(engine, [...valueTables, ...keyTables], async () => {});
    // A session of its own, so that its settings are met by nobody else.
    const writer = openMysql(engine.location, { max: 1 });
    try {
      await writer.transaction(async (tx) => {
        await writer.journal.begin(tx, runId);
        await tx.script(hostile);
        for (const table of valueTables) {
          await tx.script(`UPDATE ${table} SET n = v, v = NULL WHERE id % 2 = 0; DELETE FROM ${table} WHERE id % 2 = 1;
            INSERT INTO ${table} SELECT id + 100, n, n FROM ${table}`);
        }
        for (const table of keyTables) {
          await tx.script(
            `UPDATE ${table} SET v = v + 10; DELETE FROM ${table} WHERE n = 1; UPDATE ${table} SET n = 50 WHERE n = 0`,
          );
        }
      });
    } finally {
      await writer.close();
    }
    seen.after = await contents();
    const back = await undo(engine, runId);
    expect(back.plan.conflicts).toEqual([]);
    expect(back.remaining).toBe(0);
    seen.back = await contents();
    await undo(engine, back.rollbackRunId);
    seen.forth = await contents();
  });

  const expectBytes = (table: string) => {
    expect(seen.after!.get(table)).not.toEqual(seen.before!.get(table));
    expect(seen.back!.get(table)).toEqual(seen.before!.get(table));
    expect(seen.forth!.get(table)).toEqual(seen.after!.get(table));
  };
  test.each(cases.map(([type], at) => ({ type, table: `v${at}` })))("$type", ({ table }) => expectBytes(table));
  test.each(keyed.map(([type], at) => ({ type, table: `k${at}` })))("as a key: $type", ({ table }) =>
    expectBytes(table),
  );

  test("an ENUM's error value is refused, never put back as another one", async () => {
    await engine.script("CREATE TABLE erring (id int PRIMARY KEY, e enum('a', 'b'))");
    const loose = openMysql(engine.location, { max: 1 });
    try {
      await loose.transaction(async (tx) => {
        await tx.script("SET sql_mode = ''; INSERT INTO erring VALUES (1, 'nonsense')");
      });
    } finally {
      await loose.close();
    }
    const runId = await journaled(engine, ["erring"], (tx) => tx.script("UPDATE erring SET e = 'a'"));
    await expect(undo(engine, runId)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ROW_NOT_RESTORED|01000|22\d+)$/),
    });
    expect((await engine.query("SELECT e + 0e0 AS n FROM erring")).rows).toEqual([{ n: 1 }]);
  });

  test("values cross the wire as on the other engines", async () => {
    const { rows } = await engine.query(
      `SELECT CAST(9007199254740993 AS signed) AS big, CAST(1.10 AS decimal(10, 2)) AS exact, 7 AS small, 0.5e0 AS real_one,
         CAST('2026-01-02 03:04:05.000006' AS datetime(6)) AS at, CAST('2026-01-02' AS date) AS day, NULL AS nothing, $1 AS said, count(*) AS rows
       FROM (SELECT 1 AS one) x`,
      ["it's \\ ? $1 \u{1f600}"],
    );
    expect(rows).toEqual([
      {
        big: "9007199254740993",
        exact: "1.10",
        small: 7,
        real_one: 0.5,
        at: "2026-01-02 03:04:05.000006",
        day: "2026-01-02",
        nothing: null,
        said: "it's \\ ? $1 \u{1f600}",
        rows: "1",
      },
    ]);
  });
});
