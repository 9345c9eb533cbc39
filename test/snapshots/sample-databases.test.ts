// Databases that nobody here wrote, as their authors' SQL gives them: `SAMPLE_DB_DIR/<name>.sql`, or `SAMPLE_DB_DIR/<name>/*.sql` in name
// order. Each is loaded (through psql where there is one, which knows \connect and COPY FROM stdin), snapshotted, restored into an
// empty database and in place, and compared. What cannot be carried has to be refused by name when the snapshot is taken.
import { execFile } from "node:child_process";
import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { RunbackError } from "@runback/core";
import { describe, expect, test } from "vitest";
import { auditTable } from "./audit-table.ts";
import { captured } from "./memory-snapshot.ts";
import { emptyDatabase } from "./site.ts";

const run = promisify(execFile);
const folder = process.env.SAMPLE_DB_DIR;
const psql = ["/usr/bin/psql", ...globSync("/usr/lib/postgresql/*/bin/psql")].find((path) => existsSync(path));

interface Sample {
  readonly name: string;
  readonly files: readonly string[];
}

const samples: readonly Sample[] =
  folder === undefined
    ? []
    : readdirSync(folder)
        .toSorted()
        .flatMap((entry): Sample[] => {
          const path = join(folder, entry);
          if (statSync(path).isDirectory())
            return [{ name: entry, files: globSync(join(path, "*.sql")).toSorted() }].filter(({ files }) => files[0]);
          return entry.endsWith(".sql") ? [{ name: basename(entry, ".sql"), files: [path] }] : [];
        });

test.skipIf(folder === undefined)("SAMPLE_DB_DIR names a folder of sample databases (unset: none is loaded)", () => {
  expect(samples.map(({ name }) => name)).not.toEqual([]);
});

describe.each(samples)("$name", ({ name, files }) => {
  test("comes back the same, elsewhere and in place", { timeout: 600_000 }, async () => {
    await using from = await emptyDatabase("postgres");
    await using to = await emptyDatabase("postgres");
    for (const file of files) {
      // Authors name owners that another server does not have: what fails for that is left as it is.
      if (psql !== undefined) await run(psql, ["-q", "-f", file, from.url!], { maxBuffer: 1 << 28 });
      else await from.engine.script(readFileSync(file, "utf8"));
    }
    const snapshot = await captured(from.engine).catch((error: unknown) => error);
    if (snapshot instanceof RunbackError) {
      // Refused before anything was written, and said why.
      expect(snapshot).toMatchObject({ code: "SNAPSHOT_UNSUPPORTED", details: { objects: expect.any(Array) } });
      process.stdout.write(`${name}: ${snapshot.message}\n`);
      return;
    }
    if (snapshot instanceof Error) throw snapshot;
    const source = snapshot as Awaited<ReturnType<typeof captured>>;
    const bytes = [...source.bytes.values()].reduce((sum, each) => sum + each.byteLength, 0);
    expect(source.schema.tables.length).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(0);
    const same = async (engine: typeof from.engine) => {
      const again = await captured(engine);
      expect(again.schema.fingerprint).toBe(source.schema.fingerprint);
      for (const [table, rows] of source.bytes)
        expect([table, again.bytes.get(table)?.equals(rows)]).toEqual([table, true]);
    };
    await to.engine.snapshots!.load(source, { loaded: async () => {} });
    await same(to.engine);
    await from.engine.init();
    await from.engine.script(`CREATE TABLE public."AuditLog" (id uuid PRIMARY KEY)`);
    const nothing = async () => {};
    await from.engine.snapshots!.replace(source, [auditTable], { frozen: nothing, loaded: nothing, switched: nothing });
    expect(await from.engine.snapshots!.dropReplaced!()).toEqual([]);
    await from.engine.script(`DROP TABLE public."AuditLog"`);
    await same(from.engine);
    process.stdout.write(
      `${name}: ${source.schema.tables.length} tables, ${bytes} bytes, the same elsewhere and in place\n`,
    );
  });
});
