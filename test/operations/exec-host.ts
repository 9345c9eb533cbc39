/** A process that runs a program as a journaled run, for tests that send it signals. `node exec-host.ts <database url>` */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { silentLogger, systemClock } from "@runback/core";
import { openPostgres } from "@runback/engines";
import { runExec } from "@runback/operations";
import { openVault } from "@runback/vault";

const url = String(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "runback-exec-"));
const engine = openPostgres(url);
const vault = await openVault(pathToFileURL(folder).href);
try {
  const result = await runExec(
    { engine, vault, clock: systemClock, logger: silentLogger, holder: `host:${process.pid}`, isDead: () => false },
    {
      command: process.execPath,
      args: [
        "--input-type=module",
        "-e",
        `import postgres from "postgres";
         process.on("SIGINT", () => process.exit(9)); setInterval(() => {}, 1000);
         const sql = postgres(process.env.DATABASE_URL);
         await sql\`UPDATE person SET name = 'x' WHERE id = 1\`; console.log("ready");`,
      ],
      operator: "ada",
      auditTable: { schema: "runback", name: "audit" },
      targetUrl: url,
      env: process.env,
      cwd: import.meta.dirname,
    },
  );
  console.log(JSON.stringify(result));
} finally {
  await engine.close();
  await vault.close();
  rmSync(folder, { recursive: true });
}
