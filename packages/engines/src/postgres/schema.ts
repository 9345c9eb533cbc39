import { bigint, boolean, integer, jsonb, pgSchema, sql, text, timestamp } from "#drizzle";

// The everyday view of Runback's own tables (own-tables.ts creates them). Instants are text: every digit, no time zone.
const runback = pgSchema("runback");
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: "string" });

export const runs = runback.table("runs", {
  num: integer("num"),
  runId: text("run_id").notNull(),
  kind: text("kind").notNull(),
  mode: text("mode").notNull(),
  migration: text("migration").notNull(),
  operator: text("operator").notNull(),
  state: text("state").notNull(),
  revertsRunId: text("reverts_run_id"),
  planDigest: text("plan_digest"),
  input: jsonb("input"),
  checkpoint: jsonb("checkpoint"),
  result: jsonb("result"),
  error: jsonb("error"),
  bundle: jsonb("bundle"),
  rows: bigint("rows", { mode: "number" }).notNull(),
  startedAt: instant("started_at").notNull(),
  completedAt: instant("completed_at"),
});

export const steps = runback.table("steps", {
  runId: text("run_id").notNull(),
  seq: integer("seq").notNull(),
  name: text("name").notNull(),
  rows: bigint("rows", { mode: "number" }).notNull(),
  durationMs: integer("duration_ms").notNull(),
  committedAt: instant("committed_at"),
});

export const leases = runback.table("leases", {
  name: text("name").primaryKey(),
  runId: text("run_id").notNull(),
  holder: text("holder").notNull(),
  token: bigint("token", { mode: "number" }).notNull(),
  expiresAt: instant("expires_at").notNull(),
});

export const tokens = runback.table("tokens", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  role: text("role").notNull(),
  sha256: text("sha256").notNull(),
  revokedAt: instant("revoked_at"),
});

export const approvals = runback.table("approvals", {
  id: text("id").primaryKey(),
  digest: text("digest").notNull(),
  action: text("action").notNull(),
  requestedBy: text("requested_by").notNull(),
  approvedBy: text("approved_by").notNull(),
  approvedAt: instant("approved_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
});

export const idempotency = runback.table("idempotency", {
  key: text("key").primaryKey(),
  requestSha256: text("request_sha256").notNull(),
  status: integer("status"),
  body: text("body"),
  createdAt: instant("created_at").default(sql`clock_timestamp()`),
});

export const policies = runback.table("policies", {
  migration: text("migration").notNull(),
  key: text("key").notNull(),
  value: jsonb("value").notNull(),
});

export const verifications = runback.table("verifications", {
  id: text("id").primaryKey(),
  runId: text("run_id").notNull(),
  passed: boolean("passed").notNull(),
  report: jsonb("report").notNull(),
  createdAt: instant("created_at").default(sql`clock_timestamp()`),
});
