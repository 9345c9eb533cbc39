import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { skippedEngines } from "../../support/skipped.ts";
import { mysql } from "../fixtures/mysql.ts";
import { captured } from "../memory-snapshot.ts";
import { emptyDatabase } from "../site.ts";

const run = promisify(execFile);

/** What the server's own tool says of a database; undefined on a machine without it. */
async function dumped(url: string, ...options: string[]): Promise<string | undefined> {
  const tool = ["/usr/bin/mariadb-dump", "/usr/local/bin/mariadb-dump"].find((path) => existsSync(path));
  if (tool === undefined) return undefined;
  const { hostname, port, username, password, pathname } = new URL(url);
  const as = [`-h${hostname}`, `-P${port || 3306}`, `-u${username}`, ...(password === "" ? [] : [`-p${password}`])];
  const args = ["--routines", "--triggers", "--events", "--skip-comments", "--skip-dump-date", ...options];
  const { stdout } = await run(tool, [...as, ...args, pathname.slice(1)], { maxBuffer: 1 << 28 });
  return stdout;
}

describe.skipIf(skippedEngines.includes("mysql"))("snapshot on mysql", () => {
  test("a restored database of every kind of object dumps the same", async () => {
    await using from = await emptyDatabase("mysql");
    await using to = await emptyDatabase("mysql");
    await from.engine.script(mysql.everyObject);
    await to.engine.snapshots!.load(await captured(from.engine), { loaded: async () => {} });
    // The one thing that differs: an event of a copy does not run.
    const schema = (text: string | undefined) =>
      text
        ?.replaceAll(/ PRESERVE ENABLE/g, " PRESERVE DISABLE")
        .replaceAll(new URL(to.url!).pathname.slice(1), "db")
        .replaceAll(new URL(from.url!).pathname.slice(1), "db");
    expect(schema(await dumped(to.url!, "--no-data"))).toBe(schema(await dumped(from.url!, "--no-data")));
    const rows = ["--no-create-info", "--skip-triggers", "--hex-blob"];
    expect(schema(await dumped(to.url!, ...rows))).toBe(schema(await dumped(from.url!, ...rows)));
  });

  test("a value longer than a statement, and rows of many megabytes", async () => {
    await using from = await emptyDatabase("mysql");
    await using to = await emptyDatabase("mysql");
    await from.engine.script(`CREATE TABLE big (id int PRIMARY KEY, a longblob, t longtext CHARACTER SET utf16, j json) ENGINE = InnoDB;
      INSERT INTO big SELECT seq, repeat(x'00ff27', 2000000), repeat('é', 1000000), concat('"', repeat('x', 700000), '"') FROM seq_1_to_3;
      INSERT INTO big VALUES (4, 'short', NULL, NULL)`);
    const snapshot = await captured(from.engine);
    await to.engine.snapshots!.load(snapshot, { loaded: async () => {} });
    const again = await captured(to.engine);
    expect([...again.bytes].map(([table, bytes]) => bytes.equals(snapshot.bytes.get(table)!))).toEqual([true]);
  });
});
