import { type Engine, RunbackError, redact } from "@runback/core";
import { openDataApi } from "./data-api/connect.ts";
import { openMysql } from "./mysql/connect.ts";
import { openPglite, pgliteDirectory } from "./pglite/connect.ts";
import { openPostgres } from "./postgres/connect.ts";
import { openSqlite } from "./sqlite/connect.ts";

/** Opens the engine a target's URL names. @throws `TARGET_URL_INVALID` */
export async function openEngine(url: string): Promise<Engine> {
  const scheme = /^([a-z-]+):/.exec(url)?.[1];
  if (scheme === "postgres" || scheme === "postgresql") return openPostgres(url);
  if (scheme === "pglite") return await openPglite(pgliteDirectory(url));
  if (scheme === "data-api") return await openDataApi(url);
  if (scheme === "sqlite") return openSqlite(url);
  if (scheme === "mysql" || scheme === "mariadb") return openMysql(url);
  throw new RunbackError("TARGET_URL_INVALID", `No engine for ${redact(url) || "an empty address"}.`, {
    recovery:
      "Set DATABASE_URL to postgres://…, mysql://…, sqlite://<file>, pglite://<directory> or data-api://<cluster-arn>?secret=…&database=…, or leave it unset for the embedded PostgreSQL.",
  });
}
