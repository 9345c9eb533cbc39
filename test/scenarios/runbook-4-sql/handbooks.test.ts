import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleWorld, type World } from "../support/world.ts";
import { fill } from "./fill.ts";
import { markdownSql } from "./markdown-sql.ts";

const folder = process.env.RUNBACK_RUNBOOKS;

it("finds the statements of sql blocks and of psql -c, without comments and other programs' commands", () => {
  const handbook = [
    "```sql",
    "-- note",
    "pg_dump -Fc",
    "",
    "SELECT 1;",
    "",
    "-- 2. then",
    `UPDATE "T"`,
    "SET a = 1;",
    "```",
    "",
    "```bash",
    String.raw`psql $DATABASE_URL -c "SELECT COUNT(*) FROM \"T\";"`,
    `psql $DATABASE_URL -c "`,
    String.raw`INSERT INTO \"T\" VALUES ('{\"a\": 1}');"`,
    "```",
  ].join("\n");
  expect(markdownSql(handbook)).toEqual([
    "SELECT 1",
    `UPDATE "T"\nSET a = 1`,
    `SELECT COUNT(*) FROM "T"`,
    `INSERT INTO "T" VALUES ('{"a": 1}')`,
  ]);
});

describe.skipIf(folder === undefined)("the handbooks that RUNBACK_RUNBOOKS names", () => {
  let world: World;
  beforeAll(async () => {
    world = await sampleWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it("every statement about the migrated tables runs as written", async () => {
    const ran: string[] = [];
    for (const name of (await readdir(folder!)).filter((file) => file.endsWith(".md")).sort()) {
      const found = markdownSql(await readFile(join(folder!, name), "utf8"));
      for (const sql of found.filter((text) =>
        /"(Member|Event|Registration|WaIdMapping|WaSyncState|AuditLog)"/.test(text),
      )) {
        await using target = await world.clone();
        const { rows } = await target.engine.query<{ a: string; b: string }>(
          `SELECT min(id::text) AS a, max(id::text) AS b FROM "Member" m WHERE NOT EXISTS (SELECT FROM "Registration" r WHERE r."memberId" = m.id)`,
        );
        const { a, b } = rows[0]!;
        const values = { RUN_ID: world.runId, WRONG_UUID: a, CORRECT_UUID: b, CANONICAL_UUID: b, DUPLICATE_UUID: a };
        // A handbook's deletes come one after the other: what a statement needs done before it is done here.
        if (/^DELETE FROM "(Event|Member)"/.test(sql)) await target.engine.script(`DELETE FROM "Registration"`);
        if (/^UPDATE "WaIdMapping"/.test(sql))
          await target.engine.query(`DELETE FROM "WaIdMapping" WHERE "murmurantId" = $1`, [b]);
        const result = await target.engine.query(fill(sql, values));
        ran.push(`${name}: ${sql.replaceAll(/\s+/g, " ").slice(0, 70)} -> ${result.count}`);
      }
    }
    console.log(ran.join("\n"));
    expect(ran.length).toBeGreaterThan(0);
  });
});
