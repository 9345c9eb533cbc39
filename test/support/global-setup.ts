import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { dropDatabases } from "./drop-databases.ts";
import { postgresServer } from "./postgres-server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** URL of a superuser on the PostgreSQL server of this test run. */
    postgresUrl: string;
    /** Begins the names of all databases of this run. */
    postgresPrefix: string;
  }
}

/** One PostgreSQL for the whole run; on a server that outlives it, the run's databases are dropped. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await postgresServer();
  const prefix = `runback_${randomBytes(4).toString("hex")}_`;
  project.provide("postgresUrl", server.adminUrl);
  project.provide("postgresPrefix", prefix);
  return async () => {
    if (process.env.RUNBACK_TEST_POSTGRES_URL) await dropDatabases(server.adminUrl, prefix);
    await server.stop();
  };
}
