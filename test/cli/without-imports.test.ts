import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { jsonOf } from "./cli-result.ts";
import { runCli } from "./in-process.ts";

test("an installation that imports nothing is made ready, examined and backed up", async () => {
  const folder = await mkdtemp(join(tmpdir(), "runback-cli-bare-"));
  try {
    const file = join(folder, "club.db");
    const config = join(folder, "runback.config.ts");
    await writeFile(config, "export default { migrations: [] };\n");
    const own = new DatabaseSync(file);
    own.exec("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO note VALUES (1, 'kept')");
    own.close();
    const place = {
      config,
      databaseUrl: `sqlite://${file}`,
      vaultUrl: pathToFileURL(join(folder, "vault")).href,
    };
    expect((await runCli(place, ["init"])).status).toBe(0);
    expect(jsonOf(await runCli(place, ["doctor", "--json"]))).toMatchObject({ ok: true });
    const taken = jsonOf(await runCli(place, ["snapshot", "create", "--json"]));
    expect(taken).toMatchObject({ tables: { note: { rows: 1 } } });
    expect((await runCli(place, ["audit", "verify"])).status).toBe(0);
    const refused = await runCli(place, ["import", "--dry-run", "--json"]);
    expect(refused.status).toBe(2);
    expect(jsonOf(refused)).toMatchObject({ error: { code: "MIGRATION_UNKNOWN" } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
