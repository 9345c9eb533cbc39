import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLogger } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { type Context, createSnapshot, restoreSnapshotInto } from "@runback/operations";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settled } from "../../packages/engines/src/postgres/snapshots/fingerprint.ts";
import { type SystemPostgres, systemPostgres } from "../bench/system-postgres.ts";
import { STORES } from "../vault/stores.ts";
import { auditTable } from "./audit-table.ts";
import { everyObject } from "./site.ts";

const run = promisify(execFile);
const available = globSync("/usr/lib/postgresql/*/bin/pg_dump").some((path) => existsSync(join(path, "../postgres")));

/** SQL of well-known sample databases as their authors give it: `SAMPLE_DB_DIR/*.sql`, each a whole database. */
const samples = process.env.SAMPLE_DB_DIR === undefined ? [] : globSync(join(process.env.SAMPLE_DB_DIR, "*.sql"));

// The embedded server comes without pg_dump, and another version's refuses it: this needs a server of the system's packages.
describe.skipIf(!available)("beside pg_dump of the same server", () => {
  let server: SystemPostgres;
  beforeAll(async () => {
    server = (await systemPostgres())!;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function dump(database: string, ...args: string[]): Promise<string> {
    const url = server.url.replace(/postgres$/, database);
    const { stdout } = await run(join(server.bin, "pg_dump"), [...args, "--no-owner", url], { maxBuffer: 1 << 28 });
    // Newer ones guard their output with a random word.
    return stdout.replaceAll(/^\\(un)?restrict .*$/gm, "");
  }

  test.each(["every-object", ...samples])("a restored %s dumps the same", { timeout: 300_000 }, async (sample) => {
    const admin = postgres(server.url, { max: 1, onnotice: () => {} });
    await admin.unsafe("DROP DATABASE IF EXISTS original");
    await admin.unsafe("DROP DATABASE IF EXISTS restored");
    await admin.unsafe("CREATE DATABASE original TEMPLATE template0");
    await admin.unsafe("CREATE DATABASE restored TEMPLATE template0");
    await admin.end();
    const source = openPostgres(server.url.replace(/postgres$/, "original"));
    const target = openPostgres(server.url.replace(/postgres$/, "restored"));
    const store = await STORES[0]!.open();
    try {
      if (sample === "every-object") await source.script(everyObject);
      else {
        expect(readFileSync(sample).length).toBeGreaterThan(0);
        const url = server.url.replace(/postgres$/, "original");
        await run(join(server.bin, "psql"), ["-q", "-v", "ON_ERROR_STOP=1", "-f", sample, url], { maxBuffer: 1 << 28 });
      }
      const context: Context = {
        ...{ engine: source, vault: store.vault, clock: store.clock, logger: silentLogger },
        ...{ holder: "tests:1", isDead: () => false },
      };
      const { snapshotId } = await createSnapshot(context, { operator: "ada", auditTable });
      await restoreSnapshotInto(context, { snapshotId, operator: "ada", into: target, auditTable });
      // Grants and policies stay behind when a snapshot is built elsewhere.
      // A database restored by pg_restore spells lists of varchar constants otherwise, too.
      const schema = (text: string) =>
        settled(text)
          .replaceAll(/^(CREATE POLICY|--).*$/gm, "")
          .replaceAll(/\n+/g, "\n");
      const [theirs, ours] = [
        await dump("original", "--schema-only", "--no-privileges"),
        await dump("restored", "--schema-only", "--no-privileges"),
      ];
      expect(schema(ours)).toBe(schema(theirs));
      const rows = (text: string) => text.split("\n").sort().join("\n");
      expect(rows(await dump("restored", "--data-only"))).toBe(rows(await dump("original", "--data-only")));
    } finally {
      await source.close();
      await target.close();
      await store.close();
    }
  });
});
