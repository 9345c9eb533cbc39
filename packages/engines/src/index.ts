export { openDataApi } from "./data-api/connect.ts";
export { engineCapabilities } from "./engine-capabilities.ts";
export { openMysql } from "./mysql/connect.ts";
export * from "./open-engine.ts";
export { openPglite } from "./pglite/connect.ts";
export { openPostgres } from "./postgres/connect.ts";
export { openSqlite } from "./sqlite/connect.ts";
