export * from "./open-engine.ts";
export { openPglite } from "./pglite/connect.ts";
export { openPostgres } from "./postgres/connect.ts";
