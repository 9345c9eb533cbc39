import type { Engine } from "@runback/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineNames } from "../../support/engines.ts";
import { familyOf } from "../../support/family.ts";
import { journaled, undo } from "../../support/journaled.ts";
import { seed, shareOf } from "../../support/rotated-engines.ts";
import { type HostileTarget, hostileTarget } from "./hostile-target.ts";
import { keyCases } from "./keys.ts";
import { nameCases } from "./names.ts";
import { type TypeCase, typeCases } from "./values.ts";

/**
 * The same SQL runs on every PostgreSQL, and the rows of these tests never leave the database: a share for every
 * day, another one each time, the largest on a server (`RUNBACK_SEED` repeats one).
 */
const parts: Partial<Record<string, number>> = { postgres: 4, pglite: 8, "data-api": 12 };

/** How the tests' own literals are meant. */
const plain = "SET LOCAL standard_conforming_strings = on; SET LOCAL xmloption = content";

// The writer's session and Runback's own are set up to make every value's text lossy; the rows must come back anyway.
// Not through a pooler: there, settings of a session are nobody's. MySQL and SQLite have types of their own (../mysql/types.test.ts, sqlite-types.test.ts).
describe.each(engineNames.filter((name) => name !== "pgbouncer" && familyOf(name) === "postgres"))(
  `types on %s (seed ${seed})`,
  (name) => {
    const part = parts[name] ?? 1;
    let target: HostileTarget;
    let engine: Engine;
    beforeAll(async () => {
      target = await hostileTarget(name);
      engine = target.engine;
    });
    afterAll(async () => {
      await target[Symbol.asyncDispose]();
    });

    let schemas = 0;
    async function schemaFor(setup: string): Promise<(sql: string) => string> {
      // One schema at a time: every plan reads the whole catalog, and a hundred old tables would be most of it.
      if (schemas > 0) await engine.script(`DROP SCHEMA s${schemas} CASCADE`);
      const schema = `s${++schemas}`;
      const inSchema = (sql: string) => sql.replaceAll("@.", `${schema}.`);
      await engine.transaction(async (tx) => {
        await tx.script(plain);
        await tx.script(`CREATE SCHEMA ${schema}; ${inSchema(setup)}`);
      });
      return inSchema;
    }

    async function bytes(table: string, textOnly = false): Promise<string[]> {
      const value = textOnly ? "concat(_row)" : "encode(record_send(_row), 'hex')";
      const found = await engine.query<{ v: string }>(`SELECT ${value} AS v FROM ${table} _row ORDER BY 1`);
      return found.rows.map((row) => row.v);
    }

    /** Change in a hostile session → undo → byte-equal → undo of the undo → byte-equal to the change. */
    async function roundTrip(table: string, change: readonly string[], textOnly?: boolean) {
      const before = await bytes(table, textOnly);
      const runId = await journaled(engine, [table.replaceAll('"', "")], async (tx) => {
        await tx.script(target.hostile);
        await tx.script(plain);
        for (const statements of change) await tx.script(statements);
      });
      const after = await bytes(table, textOnly);
      expect(after).not.toEqual(before);
      const back = await undo(engine, runId, "abort", 7);
      expect(back.plan.conflicts).toEqual([]);
      expect(await bytes(table, textOnly)).toEqual(before);
      expect(back.remaining).toBe(0);
      const forth = await undo(engine, back.rollbackRunId);
      expect(forth.plan.conflicts).toEqual([]);
      expect(await bytes(table, textOnly)).toEqual(after);
      const again = await undo(engine, back.rollbackRunId);
      expect(Object.values(again.plan.tables).map((counts) => counts.reverted)).toEqual([0]);
    }

    async function available(each: Pick<TypeCase, "needs">): Promise<boolean> {
      if (each.needs === undefined) return true;
      const sql = each.needs;
      return await engine
        .transaction((tx) => tx.query(sql))
        .then(
          () => true,
          () => false,
        );
    }

    test.for(shareOf(typeCases, part))("$type: updated, deleted, inserted", async (each, { skip }) => {
      skip(!(await available(each)), "this build lacks the type");
      const inSchema = await schemaFor(`${each.setup ?? ""};
      CREATE TABLE @.vals (n int GENERATED ALWAYS AS IDENTITY, v ${each.type});
      ${each.values.map((value) => `INSERT INTO @.vals (v) VALUES (${value});`).join("\n")}
      INSERT INTO @.vals (v) VALUES (NULL);
      CREATE TABLE @.t (id int PRIMARY KEY, v ${each.type}, w ${each.type});
      INSERT INTO @.t SELECT n, v, NULL FROM @.vals UNION ALL SELECT 1000 + n, v, v FROM @.vals`);
      const count = each.values.length + 1;
      await roundTrip(
        inSchema("@.t"),
        [
          inSchema(`UPDATE @.t SET w = v, v = (SELECT v FROM @.vals WHERE n = id % ${count} + 1) WHERE id < 1000;
        DELETE FROM @.t WHERE id >= 1000; INSERT INTO @.t SELECT 2000 + n, v, NULL FROM @.vals`),
        ],
        each.textOnly,
      );
    });

    test.for(shareOf(keyCases, part))("$type as primary key", async (each, { skip }) => {
      skip(!(await available(each)), "this build lacks the type");
      const [a, b, c, d, e, f] = each.values;
      const inSchema = await schemaFor(`${each.setup ?? ""};
      CREATE TABLE @.t (k ${each.type} PRIMARY KEY, v text);
      INSERT INTO @.t VALUES (${a}, 'a'), (${b}, 'b'), (${c}, 'c')`);
      await roundTrip(inSchema("@.t"), [
        inSchema(`UPDATE @.t SET v = 'x' WHERE v = 'a'; DELETE FROM @.t WHERE v = 'b';
        INSERT INTO @.t VALUES (${d}, 'd'), (${e}, 'e'); UPDATE @.t SET k = ${f} WHERE v = 'c'; UPDATE @.t SET v = 'y' WHERE v = 'c'`),
      ]);
    });

    test.for(shareOf(keyCases, part).filter((each) => each.equal))(
      "$type as primary key, changed to an equal value of other bytes",
      async (each, { skip }) => {
        skip(!(await available(each)), "this build lacks the type");
        const [left, right] = each.equal!;
        const inSchema = await schemaFor(`${each.setup ?? ""};
      CREATE TABLE @.t (k ${each.type} PRIMARY KEY, v text);
      INSERT INTO @.t VALUES (${left}, 'a'), (${each.values[1]}, 'b')`);
        await roundTrip(inSchema("@.t"), [
          inSchema(`UPDATE @.t SET k = ${right} WHERE v = 'a'; UPDATE @.t SET v = 'z' WHERE v = 'a'`),
        ]);
      },
    );

    test.for(shareOf(nameCases, part))("names: $what", async ({ ddl, rows, table, change }) => {
      const inSchema = await schemaFor(`${ddl}; ${rows}`);
      // The names themselves are written in UTF-8.
      await roundTrip(inSchema(table), ["SET LOCAL client_encoding = 'UTF8'", inSchema(change)]);
    });
  },
);
