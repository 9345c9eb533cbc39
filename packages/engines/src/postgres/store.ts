import type { Connection, Lease, LeaseRequest, Run, Store, StoredToken } from "@runback/core";
import { and, desc, eq, getTableColumns, isNull, sql } from "#drizzle";
import { orm, withPlainErrors } from "./orm.ts";
import * as schema from "./schema.ts";

const stepCount = sql<number>`(SELECT count(*)::int FROM runback.steps s WHERE s.run_id = runback.runs.run_id)`;

function toRun(row: typeof schema.runs.$inferSelect & { steps: number }): Run {
  const { num: _num, ...run } = row;
  return {
    ...run,
    startedAt: toIso(run.startedAt),
    completedAt: run.completedAt === null ? null : toIso(run.completedAt),
  } as unknown as Run;
}

/** PostgreSQL prints `2026-01-15 14:30:00.5+00`; documents carry ISO 8601. */
function toIso(instant: string): string {
  return new Date(instant).toISOString();
}

export const store: Store = withPlainErrors<Store>({
  createRun: async (tx, run) => {
    await orm(tx)
      .insert(schema.runs)
      .values({ ...run, state: "running", rows: 0 });
  },
  updateRun: async (tx, runId, { addRows, ...change }) => {
    await orm(tx)
      .update(schema.runs)
      .set({ ...change, ...(addRows === undefined ? {} : { rows: sql`${schema.runs.rows} + ${addRows}::bigint` }) })
      .where(eq(schema.runs.runId, runId));
  },
  run: async (connection, runId) => {
    const rows = await orm(connection)
      .select({ ...getTableColumns(schema.runs), steps: stepCount })
      .from(schema.runs)
      .where(eq(schema.runs.runId, runId));
    return rows[0] && toRun(rows[0]);
  },
  runs: async (connection, { limit, before }) => {
    const rows = await orm(connection)
      .select({ ...getTableColumns(schema.runs), steps: stepCount })
      .from(schema.runs)
      .where(
        before === undefined
          ? undefined
          : sql`${schema.runs.num} < (SELECT num FROM runback.runs WHERE run_id = ${before})`,
      )
      .orderBy(desc(schema.runs.num))
      .limit(limit + 1);
    const page = rows.slice(0, limit).map(toRun);
    return { runs: page, next: rows.length > limit ? page.at(-1)!.runId : null };
  },
  addStep: async (tx, step) => {
    await orm(tx)
      .insert(schema.steps)
      .values({
        ...step,
        seq: sql`(SELECT coalesce(max(seq), 0) + 1 FROM runback.steps WHERE run_id = ${step.runId})`,
      });
  },
  steps: async (connection, runId) => {
    const rows = await orm(connection)
      .select()
      .from(schema.steps)
      .where(eq(schema.steps.runId, runId))
      .orderBy(schema.steps.seq);
    return rows.map((row) => ({ ...row, committedAt: toIso(row.committedAt!) }));
  },
  acquireLease,
  lease: async (connection, name) => {
    const rows = await orm(connection).select().from(schema.leases).where(eq(schema.leases.name, name));
    return rows[0] && toLease(rows[0]);
  },
  holdLease: async (tx, lease, ttlMs) => {
    const held = await orm(tx)
      .update(schema.leases)
      .set({ expiresAt: ttl(ttlMs) })
      // One that was released stays released: a heartbeat that comes late must not bring it back to life.
      .where(
        and(
          eq(schema.leases.name, lease.name),
          eq(schema.leases.token, Number(lease.token)),
          sql`${schema.leases.expiresAt} > '-infinity'`,
        ),
      )
      .returning({ token: schema.leases.token });
    return held.length === 1;
  },
  releaseLease: async (tx, lease) => {
    // The row stays with its token, so that the next holder's is higher than any that was ever given out.
    await orm(tx)
      .update(schema.leases)
      .set({ expiresAt: sql`'-infinity'` })
      .where(and(eq(schema.leases.name, lease.name), eq(schema.leases.token, Number(lease.token))));
  },
  createToken: async (tx, token) => {
    await orm(tx).insert(schema.tokens).values(token).onConflictDoNothing();
  },
  tokens: async (connection) => (await orm(connection).select().from(schema.tokens)) as StoredToken[],
  revokeToken: async (tx, id) => {
    const revoked = await orm(tx)
      .update(schema.tokens)
      .set({ revokedAt: sql`coalesce(${schema.tokens.revokedAt}, clock_timestamp())` })
      .where(eq(schema.tokens.id, id))
      .returning({ id: schema.tokens.id });
    return revoked.length === 1;
  },
  createApproval: async (tx, approval) => {
    await orm(tx).insert(schema.approvals).values(approval);
  },
  approval: async (connection, id) => {
    const rows = await orm(connection).select().from(schema.approvals).where(eq(schema.approvals.id, id));
    return rows[0] && { ...rows[0], approvedAt: toIso(rows[0].approvedAt), expiresAt: toIso(rows[0].expiresAt) };
  },
  idempotent: async (connection, key) => {
    const rows = await orm(connection).select().from(schema.idempotency).where(eq(schema.idempotency.key, key));
    return rows[0];
  },
  claimIdempotencyKey: async (tx, key, requestSha256, staleMs = Number.POSITIVE_INFINITY) => {
    const stale = Number.isFinite(staleMs)
      ? sql`${schema.idempotency.status} IS NULL
          AND ${schema.idempotency.createdAt} < clock_timestamp() - ${staleMs}::float8 * interval '1 millisecond'`
      : sql`false`;
    const claimed = await orm(tx)
      .insert(schema.idempotency)
      .values({ key, requestSha256 })
      .onConflictDoUpdate({
        target: schema.idempotency.key,
        set: { requestSha256, createdAt: sql`clock_timestamp()` },
        setWhere: stale,
      })
      .returning({ key: schema.idempotency.key });
    return claimed.length === 1;
  },
  releaseIdempotencyKey: async (tx, key) => {
    await orm(tx)
      .delete(schema.idempotency)
      .where(and(eq(schema.idempotency.key, key), isNull(schema.idempotency.status)));
  },
  answerIdempotent: async (tx, { key, status, body }) => {
    await orm(tx).update(schema.idempotency).set({ status, body }).where(eq(schema.idempotency.key, key));
  },
  savePolicies: async (tx, migration, policies) => {
    await orm(tx).delete(schema.policies).where(eq(schema.policies.migration, migration));
    const rows = Object.entries(policies).map(([key, value]) => ({ migration, key, value }));
    if (rows.length > 0) await orm(tx).insert(schema.policies).values(rows);
  },
  policies: async (connection, migration) => {
    // As text: Drizzle would parse a JSON string such as "12" a second time.
    const { rows } = await connection.query<{ key: string; value: string }>(
      "SELECT key, value::text AS value FROM runback.policies WHERE migration = $1",
      [migration],
    );
    return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown]));
  },
  saveVerification: async (tx, id, runId, passed, report) => {
    await orm(tx).insert(schema.verifications).values({ id, runId, passed, report });
  },
  verification: async (connection, id) => {
    const rows = await orm(connection).select().from(schema.verifications).where(eq(schema.verifications.id, id));
    return rows[0]?.report;
  },
  latestVerification: async (connection, runId) => {
    const rows = await orm(connection)
      .select({ id: schema.verifications.id, report: schema.verifications.report })
      .from(schema.verifications)
      .where(eq(schema.verifications.runId, runId))
      .orderBy(desc(schema.verifications.createdAt))
      .limit(1);
    return rows[0];
  },
});

const ttl = (ms: number) => sql`clock_timestamp() + ${ms}::float8 * interval '1 millisecond'`;

/** The server's clock decides what is expired, so holders need not agree on the time. */
async function acquireLease(
  tx: Connection,
  { name, runId, holder, ttlMs, takeover }: LeaseRequest,
): Promise<Lease | undefined> {
  const taken = await orm(tx)
    .insert(schema.leases)
    .values({ name, runId, holder, token: 1, expiresAt: ttl(ttlMs) })
    .onConflictDoUpdate({
      target: schema.leases.name,
      set: { runId, holder, token: sql`${schema.leases.token} + 1`, expiresAt: ttl(ttlMs) },
      setWhere: takeover ? sql`true` : sql`${schema.leases.expiresAt} <= clock_timestamp()`,
    })
    .returning();
  return taken[0] && toLease(taken[0]);
}

function toLease(row: typeof schema.leases.$inferSelect): Lease {
  // One that was released ended long ago.
  const expiresAt = row.expiresAt === "-infinity" ? new Date(0).toISOString() : toIso(row.expiresAt);
  return { ...row, token: String(row.token), expiresAt };
}
