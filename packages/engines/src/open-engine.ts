import { type Engine, RunbackError, redact } from "@runback/core";

/** Opens the engine a target's URL names, and loads no other one. @throws `TARGET_URL_INVALID` */
export async function openEngine(url: string): Promise<Engine> {
  const scheme = /^([a-z-]+):/.exec(url)?.[1];
  if (scheme === "postgres" || scheme === "postgresql")
    return (await import("./postgres/connect.ts")).openPostgres(url);
  if (scheme === "pglite") {
    const { openPglite, pgliteDirectory } = await import("./pglite/connect.ts");
    return await openPglite(pgliteDirectory(url));
  }
  if (scheme === "data-api") return await (await import("./data-api/connect.ts")).openDataApi(url);
  if (scheme === "sqlite") return (await import("./sqlite/connect.ts")).openSqlite(url);
  if (scheme === "mysql" || scheme === "mariadb") return (await import("./mysql/connect.ts")).openMysql(url);
  throw new RunbackError("TARGET_URL_INVALID", `No engine for ${redact(url) || "an empty address"}.`, {
    recovery:
      "Set DATABASE_URL to postgres://…, mysql://…, sqlite://<file>, pglite://<directory> or data-api://<cluster-arn>?secret=…&database=…, or leave it unset for the embedded PostgreSQL.",
  });
}
