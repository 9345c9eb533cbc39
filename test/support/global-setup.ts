import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { dropDatabases } from "./drop-databases.ts";
import { dropMysqlDatabases } from "./mysql-database.ts";
import { mysqlServer } from "./mysql-server.ts";
import { pgbouncerServer } from "./pgbouncer-server.ts";
import { postgresServer } from "./postgres-server.ts";
import { scratchInMemory } from "./scratch-in-memory.ts";
import { skippedEngines } from "./skipped.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** URL of a superuser on the PostgreSQL server of this test run. */
    postgresUrl: string;
    /** Begins the names of all databases of this run. */
    postgresPrefix: string;
    /** Port of a PgBouncer in transaction mode in front of it, or why there is none. */
    pgbouncer: { port: number } | { missing: string };
    /** URL of a user who may do everything on the MariaDB or MySQL of this test run, or why there is none. */
    mysql: { url: string } | { missing: string };
    mysqlPrefix: string;
  }
}

/** One PostgreSQL and one MariaDB for the whole run; on a server that outlives it, the run's databases are dropped. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const removeScratch = scratchInMemory();
  const server = await postgresServer();
  const prefix = `runback_${randomBytes(4).toString("hex")}_`;
  project.provide("postgresUrl", server.adminUrl);
  project.provide("postgresPrefix", prefix);
  const pooler = skippedEngines.includes("pgbouncer")
    ? new Error("RUNBACK_TEST_SKIP names pgbouncer.")
    : await pgbouncerServer(server.adminUrl).catch((error: Error) => error);
  // Only the suites that need it fail without it.
  project.provide("pgbouncer", pooler instanceof Error ? { missing: pooler.message } : { port: pooler.port });
  const mysql = skippedEngines.includes("mysql")
    ? new Error("RUNBACK_TEST_SKIP names mysql.")
    : await mysqlServer().catch((error: Error) => error);
  project.provide("mysql", mysql instanceof Error ? { missing: mysql.message } : { url: mysql.adminUrl });
  project.provide("mysqlPrefix", prefix);
  return async () => {
    if (!(pooler instanceof Error)) await pooler.stop();
    if (process.env.RUNBACK_TEST_POSTGRES_URL) await dropDatabases(server.adminUrl, prefix);
    if (!(mysql instanceof Error)) {
      if (process.env.MYSQL_URL) await dropMysqlDatabases(mysql.adminUrl, prefix);
      await mysql.stop();
    }
    await server.stop();
    removeScratch();
  };
}
