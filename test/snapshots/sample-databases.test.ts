// Databases that nobody here wrote, as their authors' SQL gives them, from the folder SAMPLE_DB_DIR: see sample-files.ts. Each is
// loaded by its database's own client where there is one, snapshotted, restored into an empty database and in place, and
// compared. What cannot be carried has to be refused by name when the snapshot is taken.
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { type Engine, RunbackError } from "@runback/core";
import { describe, expect, test } from "vitest";
import { skippedEngines } from "../support/skipped.ts";
import { auditTable } from "./audit-table.ts";
import { captured } from "./memory-snapshot.ts";
import { inThisDatabase, type SampleDialect, samplesIn } from "./sample-files.ts";
import { emptyDatabase, fixtures } from "./site.ts";

const folder = process.env.SAMPLE_DB_DIR;
const samples = folder === undefined ? [] : samplesIn(folder);

test.skipIf(folder === undefined)("SAMPLE_DB_DIR names a folder of sample databases (unset: none is loaded)", () => {
  expect(samples.map(({ name }) => name)).not.toEqual([]);
});

const tool = (...paths: string[]) => paths.flatMap((path) => globSync(path)).find((path) => existsSync(path));

/** The client that authors write for: it knows `\\connect`, COPY FROM stdin, DELIMITER; and goes on after what it cannot do, such as other people's owners. */
const clients: Readonly<Record<SampleDialect, (url: URL) => readonly [string | undefined, ...string[]]>> = {
  postgres: (url) => [tool("/usr/bin/psql", "/usr/lib/postgresql/*/bin/psql"), "-q", url.href],
  mysql: ({ hostname, port, username, password, pathname }) => [
    tool("/usr/bin/mariadb", "/usr/bin/mysql", "/usr/local/bin/mariadb", "/usr/local/bin/mysql"),
    ...[`-h${hostname}`, `-P${port || 3306}`, `-u${username}`, ...(password === "" ? [] : [`-p${password}`])],
    ...["--force", "--default-character-set=utf8mb4", pathname.slice(1)],
  ],
  sqlite: ({ pathname }) => [tool("/usr/bin/sqlite3", "/usr/local/bin/sqlite3"), pathname],
};

async function load(dialect: SampleDialect, url: string, engine: Engine, file: string): Promise<void> {
  const text = inThisDatabase(dialect, readFileSync(file, "utf8"));
  const [client, ...args] = clients[dialect](new URL(url));
  if (client === undefined) return await engine.script(text);
  const running = promisify(execFile)(client, args, { maxBuffer: 1 << 28 });
  running.child.stdin!.on("error", () => {});
  running.child.stdin!.end(text);
  // Its status says that a statement failed: the tables and rows that are there say whether enough did not.
  await running.catch(() => {});
}

describe.each(samples.filter(({ dialect }) => !skippedEngines.includes(dialect)))(
  "$name in $dialect",
  ({ name, dialect, files }) => {
    test("comes back the same, elsewhere and in place", { timeout: 1_800_000 }, async () => {
      await using from = await emptyDatabase(dialect);
      await using to = await emptyDatabase(dialect);
      for (const file of files) await load(dialect, from.url!, from.engine, file);
      const snapshot = await captured(from.engine).catch((error: unknown) => error);
      if (snapshot instanceof RunbackError) {
        // Refused before anything was written, and said why.
        expect(snapshot).toMatchObject({ code: "SNAPSHOT_UNSUPPORTED", details: { objects: expect.any(Array) } });
        process.stdout.write(`${name} in ${dialect}: ${snapshot.message}\n`);
        return;
      }
      if (snapshot instanceof Error) throw snapshot;
      const source = snapshot as Awaited<ReturnType<typeof captured>>;
      const bytes = [...source.bytes.values()].reduce((sum, each) => sum + each.byteLength, 0);
      expect(source.schema.tables.length).toBeGreaterThan(0);
      expect(bytes).toBeGreaterThan(0);
      const same = async (engine: Engine) => {
        const again = await captured(engine);
        expect(again.schema.fingerprint).toBe(source.schema.fingerprint);
        for (const [table, rows] of source.bytes)
          expect([table, again.bytes.get(table)?.equals(rows)]).toEqual([table, true]);
      };
      await to.engine.snapshots!.load(source, { loaded: async () => {} });
      await same(to.engine);
      await from.engine.init();
      await from.engine.script(fixtures[dialect].audit);
      const nothing = async () => {};
      await from.engine.snapshots!.replace(source, [auditTable], {
        frozen: nothing,
        loaded: nothing,
        switched: nothing,
      });
      expect((await from.engine.snapshots!.dropReplaced?.()) ?? []).toEqual([]);
      await from.engine.script(`DROP TABLE ${from.engine.dialect.table(auditTable)}`);
      await same(from.engine);
      process.stdout.write(
        `${name} in ${dialect}: ${source.schema.tables.length} tables, ${bytes} bytes, the same elsewhere and in place\n`,
      );
    });
  },
);
