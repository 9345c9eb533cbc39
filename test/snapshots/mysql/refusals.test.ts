import { RunbackError, type Vault } from "@runback/core";
import { openMysql } from "@runback/engines";
import { restoreSnapshotInto } from "@runback/operations";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { skippedEngines } from "../../support/skipped.ts";
import { auditTable } from "../audit-table.ts";
import { mysql } from "../fixtures/mysql.ts";
import { captured } from "../memory-snapshot.ts";
import { emptyDatabase, openSite, type Site } from "../site.ts";

/** A vault whose rows stop after some bytes. */
function failing(vault: Vault, key: RegExp): Vault {
  async function* cut(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk.subarray(0, 10);
      break;
    }
    throw new RunbackError("VAULT_FULL", "it failed", { recovery: "none" });
  }
  return {
    location: vault.location,
    put: (at, body, options) => vault.put(at, body, options),
    get: (at, options) => (key.test(at) ? cut(vault.get(at, options)) : vault.get(at, options)),
    head: (at) => vault.head(at),
    list: (prefix) => vault.list(prefix),
    delete: (at) => vault.delete(at),
    close: () => vault.close(),
  };
}

describe.skipIf(skippedEngines.includes("mysql"))("what a snapshot of mysql refuses", () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite("mysql", `${mysql.shop}\n${mysql.wide}`);
  });
  afterAll(() => site[Symbol.asyncDispose]());

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
    await expect(restore(failing(site.store.vault, /wide/))).rejects.toMatchObject({ code: "VAULT_FULL" });
    expect(await restore()).toMatchObject({ verified: true, runId: null, safetySnapshotId: null });
    expect((await other.engine.query("SELECT 1 FROM customer")).count).toBe(50);
  });
});
