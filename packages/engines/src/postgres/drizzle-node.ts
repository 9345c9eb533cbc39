import { createRequire } from "node:module";

// Node 24 needs 200 MB more memory and 0.3 s more to load Drizzle's ES modules than its CommonJS build (253 against 64 MB,
// Node 24.21; docs/adr/0006-drizzle-as-commonjs.md). Bundlers take drizzle-bundled.ts instead (package.json, "imports").
const require = createRequire(import.meta.url);

export const { and, desc, eq, getTableColumns, isNull, sql } = require("drizzle-orm") as typeof import("drizzle-orm");
export const { bigint, boolean, integer, jsonb, pgSchema, text, timestamp } =
  require("drizzle-orm/pg-core") as typeof import("drizzle-orm/pg-core");
export const { drizzle } = require("drizzle-orm/pg-proxy") as typeof import("drizzle-orm/pg-proxy");
