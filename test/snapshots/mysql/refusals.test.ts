import { RunbackError, type Vault } from "@runback/core";
import { openMysql } from "@runback/engines";
import { createSnapshot, listAllSnapshots, restoreSnapshotInto } from "@runback/operations";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { skippedEngines } from "../../support/skipped.ts";
import { auditTable } from "../audit-table.ts";
import { captured } from "../captured.ts";
import { emptyDatabase, openSite, type Site } from "../site.ts";
import { shop } from "./schemas.ts";

/** Each makes one object that a restore could not bring back, and takes it away. */
const objects: readonly [name: string, make: string, drop: string][] = [
  ["table of engine MyISAM old", "CREATE TABLE old (id int) ENGINE = MyISAM", "DROP TABLE old"],
  [
    "system-versioned table past",
    "CREATE TABLE past (id int) ENGINE = InnoDB WITH SYSTEM VERSIONING",
    "DROP TABLE past",
  ],
  [
    "view that is broken: blind",
    "CREATE TABLE seen (id int) ENGINE = InnoDB; CREATE VIEW blind AS SELECT id FROM seen; DROP TABLE seen",
    "DROP VIEW blind",
  ],
  [
    "event that runs once: once",
    "CREATE EVENT once ON SCHEDULE AT '2037-01-01 00:00:00' DO SET @x = 1",
    "DROP EVENT once",
  ],
  [
    "audit table tied to other objects: public.AuditLog",
    "CREATE TABLE tied (id int PRIMARY KEY, entry char(36) CHARACTER SET ascii, FOREIGN KEY (entry) REFERENCES AuditLog (id)) ENGINE = InnoDB",
    "DROP TABLE tied",
  ],
  [
    "table whose sequence is missing: counted",
    "CREATE SEQUENCE gone; CREATE TABLE counted (id bigint DEFAULT (nextval(gone))) ENGINE = InnoDB; DROP SEQUENCE gone",
    "DROP TABLE counted",
  ],
  [
    "function in latin1: foreign_text",
    "SET character_set_client = latin1; CREATE FUNCTION foreign_text() RETURNS varchar(10) DETERMINISTIC RETURN 'Ã©'; SET NAMES utf8mb4",
    "DROP FUNCTION foreign_text",
  ],
];

/** A vault that fails at one key after some bytes, as a full disk or a lost network does. */
function failing(vault: Vault, verb: "put" | "get", key: RegExp): Vault {
  async function* cut(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk.subarray(0, 10);
      break;
    }
    throw new RunbackError("VAULT_FULL", "it failed", { recovery: "none" });
  }
  async function* one(chunk: Uint8Array) {
    yield chunk;
  }
  return {
    location: vault.location,
    put: (at, body, options) =>
      verb === "put" && key.test(at)
        ? vault.put(at, cut(body instanceof Uint8Array ? one(body) : body), options)
        : vault.put(at, body, options),
    get: (at, options) => (verb === "get" && key.test(at) ? cut(vault.get(at, options)) : vault.get(at, options)),
    head: (at) => vault.head(at),
    list: (prefix) => vault.list(prefix),
    delete: (at) => vault.delete(at),
    close: () => vault.close(),
  };
}

describe.skipIf(skippedEngines.includes("mysql"))("what a snapshot of mysql refuses", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(
      "mysql",
      `${shop} CREATE TABLE wide (id int PRIMARY KEY, t text) ENGINE = InnoDB;
       INSERT INTO wide SELECT seq, repeat(md5(seq), 20) FROM seq_1_to_4000`,
    );
  });
  afterAll(() => site[Symbol.asyncDispose]());

  test("what a restore could not bring back, by name, when it is taken", async () => {
    for (const [name, make, drop] of objects) {
      await site.engine.script(make);
      const refused = await site.create().then(
        () => "nothing",
        (error: unknown) => error,
      );
      await site.engine.script(drop);
      expect([name, refused]).toEqual([name, expect.objectContaining({ code: "SNAPSHOT_UNSUPPORTED" })]);
      expect(String((refused as Error).message)).toContain(name);
    }
    await site.create();
  });

  test("a user who may not see everything takes none", async () => {
    const server = inject("mysql");
    if ("missing" in server) throw new Error(server.missing);
    const database = new URL(site.url!).pathname.slice(1);
    const admin = await createConnection({ uri: server.url, multipleStatements: true });
    const user = `reader_${database.slice(-8)}`;
    await admin.query(
      `CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY 'x'; GRANT SELECT, SHOW VIEW ON \`${database}\`.* TO ${user}@'127.0.0.1'`,
    );
    const url = new URL(site.url!);
    url.username = user;
    url.password = "x";
    const engine = openMysql(url.href);
    try {
      await expect(captured(engine)).rejects.toMatchObject({ code: "SNAPSHOT_ROWS_HIDDEN" });
    } finally {
      await engine.close();
      await admin.query(`DROP USER ${user}@'127.0.0.1'`);
      await admin.end();
    }
  });

  test("a database that is not empty; and one that a restore left half full is empty again", async () => {
    await using other = await emptyDatabase("mysql");
    const { snapshotId } = await site.create();
    const restore = (vault = site.store.vault) =>
      restoreSnapshotInto({ ...site.context, vault }, { snapshotId, operator: "ada", into: other.engine, auditTable });
    await other.engine.script("CREATE TABLE there (id int) ENGINE = InnoDB");
    await expect(restore()).rejects.toMatchObject({ code: "RESTORE_TARGET_NOT_EMPTY" });
    await other.engine.script("DROP TABLE there");
    await expect(restore(failing(site.store.vault, "get", /wide/))).rejects.toMatchObject({ code: "VAULT_FULL" });
    expect(await restore()).toMatchObject({ verified: true, runId: null, safetySnapshotId: null });
    expect((await other.engine.query("SELECT 1 FROM customer")).count).toBe(50);
  });

  test.each([
    ["schema.json", "put"],
    ["wide", "put"],
    ["SHA256SUMS", "put"],
    ["wide", "get"],
  ] as const)("a vault that fails at %s (%s) leaves nothing half-made", async (at, verb) => {
    const { snapshotId } = await site.create();
    await site.engine.script("UPDATE customer SET name = 'ruined'");
    const before = await captured(site.engine);
    const listed = (await listAllSnapshots(site.context)).length;
    const vault = failing(site.store.vault, verb, new RegExp(at));
    if (verb === "put") {
      const taken = createSnapshot({ ...site.context, vault }, { operator: "ada", auditTable });
      await expect(taken).rejects.toMatchObject({ code: "VAULT_FULL" });
    }
    await expect(site.restore(snapshotId, { context: { vault } })).rejects.toMatchObject({ code: "VAULT_FULL" });
    expect((await listAllSnapshots(site.context)).length).toBeLessThanOrEqual(listed + (verb === "put" ? 0 : 1));
    const after = await captured(site.engine);
    expect(after.schema.fingerprint).toBe(before.schema.fingerprint);
    for (const [table, bytes] of before.bytes)
      if (!table.includes("AuditLog")) expect([table, after.bytes.get(table)?.equals(bytes)]).toEqual([table, true]);
    // Writes are taken again at once.
    await site.engine.script("UPDATE customer SET name = 'fine'");
  });
});
