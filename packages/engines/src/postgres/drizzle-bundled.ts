export { and, desc, eq, getTableColumns, isNull, sql } from "drizzle-orm";
export { bigint, boolean, integer, jsonb, pgSchema, text, timestamp } from "drizzle-orm/pg-core";
export { drizzle } from "drizzle-orm/pg-proxy";
