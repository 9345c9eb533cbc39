import type { Connection, IdempotentAnswer, Lease, Run, Store, StoredToken, Value } from "@runback/core";

/** `2026-01-15 14:30:00.500000`, in UTC, as documents carry it. */
function toIso(instant: string): string {
  return new Date(`${instant.replace(" ", "T")}Z`).toISOString();
}

/** An ISO instant as the server reads it. */
export function toDatetime(iso: string): string {
  return new Date(iso).toISOString().replace("T", " ").replace("Z", "");
}

/** The server's clock decides what is expired, so holders need not agree on the time. */
const ttl = (n: number) => `utc_timestamp(6) + INTERVAL $${n} * 1000 MICROSECOND`;
const never = "'1000-01-01 00:00:00'";

const documents = ["input", "checkpoint", "result", "error", "bundle"] as const;

const runColumns = `run_id AS runId, kind, mode, migration, operator, state, plan_digest AS planDigest,
  reverts_run_id AS revertsRunId, started_at AS startedAt, completed_at AS completedAt, ${documents.join(", ")},
  row_count + 0e0 AS rowCount, (SELECT count(*) FROM runback_steps s WHERE s.run_id = r.run_id) + 0e0 AS steps`;

type RunRow = Record<(typeof documents)[number], string | null> & {
  startedAt: string;
  completedAt: string | null;
  rowCount: number;
};

function toRun({ rowCount, ...row }: RunRow): Run {
  const parsed = Object.fromEntries(
    documents.map((name) => [name, row[name] === null ? null : (JSON.parse(row[name]) as unknown)]),
  );
  return {
    ...row,
    ...parsed,
    rows: rowCount,
    startedAt: toIso(row.startedAt),
    completedAt: row.completedAt === null ? null : toIso(row.completedAt),
  } as unknown as Run;
}

export const store: Store = {
  createRun: async (tx, run) => {
    await tx.query(
      `INSERT INTO runback_runs (run_id, kind, mode, migration, operator, state, started_at, reverts_run_id, plan_digest, input)
       VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9)`,
      [
        run.runId,
        run.kind,
        run.mode,
        run.migration,
        run.operator,
        toDatetime(run.startedAt),
        run.revertsRunId ?? null,
        run.planDigest ?? null,
        run.input === undefined ? null : JSON.stringify(run.input),
      ],
    );
  },
  updateRun: async (tx, runId, { addRows, ...change }) => {
    const values: Value[] = [runId];
    const sets: string[] = [];
    const set = (column: string, value: Value) => sets.push(`${column} = $${values.push(value)}`);
    if (change.state !== undefined) set("state", change.state);
    if (change.planDigest !== undefined) set("plan_digest", change.planDigest);
    if (change.completedAt !== undefined) set("completed_at", toDatetime(change.completedAt));
    for (const name of ["checkpoint", "result", "error", "bundle"] as const) {
      const value = change[name];
      if (value !== undefined) set(name, value === null ? null : JSON.stringify(value));
    }
    if (addRows !== undefined) sets.push(`row_count = row_count + $${values.push(addRows)}`);
    if (sets.length === 0) return;
    await tx.query(`UPDATE runback_runs SET ${sets.join(", ")} WHERE run_id = $1`, values);
  },
  run: async (connection, runId) => {
    const { rows } = await connection.query<RunRow>(`SELECT ${runColumns} FROM runback_runs r WHERE run_id = $1`, [
      runId,
    ]);
    return rows[0] && toRun(rows[0]);
  },
  runs: async (connection, { limit, before }) => {
    const { rows } = await connection.query<RunRow>(
      `SELECT ${runColumns} FROM runback_runs r
       WHERE $1 IS NULL OR num < (SELECT num FROM runback_runs WHERE run_id = $1) ORDER BY num DESC LIMIT ${Math.trunc(limit) + 1}`,
      [before ?? null],
    );
    const page = rows.slice(0, limit).map(toRun);
    return { runs: page, next: rows.length > limit ? page.at(-1)!.runId : null };
  },
  addStep: async (tx, step) => {
    await tx.query(
      `INSERT INTO runback_steps (run_id, seq, name, row_count, duration_ms, committed_at)
       SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4, utc_timestamp(6) FROM runback_steps WHERE run_id = $1`,
      [step.runId, step.name, step.rows, Math.round(step.durationMs)],
    );
  },
  steps: async (connection, runId) => {
    const { rows } = await connection.query<{
      runId: string;
      seq: number;
      name: string;
      rowCount: number;
      durationMs: number;
      committedAt: string;
    }>(
      `SELECT run_id AS runId, seq, name, row_count + 0e0 AS rowCount, duration_ms AS durationMs, committed_at AS committedAt
       FROM runback_steps WHERE run_id = $1 ORDER BY seq`,
      [runId],
    );
    return rows.map(({ rowCount, ...row }) => ({ ...row, rows: rowCount, committedAt: toIso(row.committedAt) }));
  },
  acquireLease: async (tx, { name, runId, holder, ttlMs, takeover }) => {
    // Locks the row whether or not it was there: an INSERT that is merely ignored would share the lock, and two would deadlock.
    await tx.query(
      `INSERT INTO runback_leases (name, run_id, holder, token, expires_at) VALUES ($1, $2, $3, 0, ${never})
       ON DUPLICATE KEY UPDATE token = token`,
      [name, runId, holder],
    );
    const taken = await tx.query(
      `UPDATE runback_leases SET run_id = $2, holder = $3, token = token + 1, expires_at = ${ttl(4)}
       WHERE name = $1 AND ($5 OR expires_at <= utc_timestamp(6))`,
      [name, runId, holder, ttlMs, takeover === true],
    );
    return taken.count === 1 ? await lease(tx, name) : undefined;
  },
  lease,
  holdLease: async (tx, held, ttlMs) => {
    // One that was released stays released: a heartbeat that comes late must not bring it back to life.
    const extended = await tx.query(
      `UPDATE runback_leases SET expires_at = ${ttl(3)} WHERE name = $1 AND token = $2 AND expires_at > ${never}`,
      [held.name, held.token, ttlMs],
    );
    return extended.count === 1;
  },
  releaseLease: async (tx, held) => {
    // The row stays with its token, so that the next holder's is higher than any that was ever given out.
    await tx.query(`UPDATE runback_leases SET expires_at = ${never} WHERE name = $1 AND token = $2`, [
      held.name,
      held.token,
    ]);
  },
  createToken: async (tx, { id, name, role, sha256 }) => {
    await tx.query(
      "INSERT INTO runback_tokens (id, name, role, sha256) VALUES ($1, $2, $3, $4) ON DUPLICATE KEY UPDATE id = id",
      [id, name, role, sha256],
    );
  },
  tokens: async (connection) => {
    const { rows } = await connection.query<StoredToken>(
      "SELECT id, name, role, sha256, revoked_at AS revokedAt FROM runback_tokens",
    );
    return rows;
  },
  revokeToken: async (tx, id) => {
    const revoked = await tx.query(
      "UPDATE runback_tokens SET revoked_at = coalesce(revoked_at, utc_timestamp(6)) WHERE id = $1",
      [id],
    );
    return revoked.count === 1;
  },
  createApproval: async (tx, approval) => {
    await tx.query(
      `INSERT INTO runback_approvals (id, digest, action, requested_by, approved_by, approved_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        approval.id,
        approval.digest,
        approval.action,
        approval.requestedBy,
        approval.approvedBy,
        toDatetime(approval.approvedAt),
        toDatetime(approval.expiresAt),
      ],
    );
  },
  approval: async (connection, id) => {
    const { rows } = await connection.query<{
      id: string;
      digest: string;
      action: string;
      requestedBy: string;
      approvedBy: string;
      approvedAt: string;
      expiresAt: string;
    }>(
      `SELECT id, digest, action, requested_by AS requestedBy, approved_by AS approvedBy, approved_at AS approvedAt,
         expires_at AS expiresAt FROM runback_approvals WHERE id = $1`,
      [id],
    );
    return rows[0] && { ...rows[0], approvedAt: toIso(rows[0].approvedAt), expiresAt: toIso(rows[0].expiresAt) };
  },
  idempotent: async (connection, key) => {
    const { rows } = await connection.query<{ requestSha256: string; status: number | null; body: string | null }>(
      "SELECT request_sha256 AS requestSha256, status, body FROM runback_idempotency WHERE request_key = $1",
      [key],
    );
    return rows[0] && ({ key, ...rows[0] } satisfies IdempotentAnswer);
  },
  claimIdempotencyKey: async (tx, key, requestSha256, staleMs = Number.POSITIVE_INFINITY) => {
    const claimed = await tx.query(
      "INSERT IGNORE INTO runback_idempotency (request_key, request_sha256, created_at) VALUES ($1, $2, utc_timestamp(6))",
      [key, requestSha256],
    );
    if (claimed.count === 1) return true;
    if (!Number.isFinite(staleMs)) return false;
    const replaced = await tx.query(
      `UPDATE runback_idempotency SET request_sha256 = $2, created_at = utc_timestamp(6)
       WHERE request_key = $1 AND status IS NULL AND created_at < utc_timestamp(6) - INTERVAL $3 * 1000 MICROSECOND`,
      [key, requestSha256, staleMs],
    );
    return replaced.count === 1;
  },
  releaseIdempotencyKey: async (tx, key) => {
    await tx.query("DELETE FROM runback_idempotency WHERE request_key = $1 AND status IS NULL", [key]);
  },
  answerIdempotent: async (tx, { key, status, body }) => {
    await tx.query("UPDATE runback_idempotency SET status = $2, body = $3 WHERE request_key = $1", [key, status, body]);
  },
  savePolicies: async (tx, migration, policies) => {
    await tx.query("DELETE FROM runback_policies WHERE migration = $1", [migration]);
    const entries = Object.entries(policies);
    if (entries.length === 0) return;
    const rows = entries.map((_, at) => `($1, $${2 * at + 2}, $${2 * at + 3})`);
    await tx.query(`INSERT INTO runback_policies (migration, policy, value) VALUES ${rows.join(", ")}`, [
      migration,
      ...entries.flatMap(([key, value]) => [key, JSON.stringify(value)]),
    ]);
  },
  policies: async (connection, migration) => {
    const { rows } = await connection.query<{ policy: string; value: string }>(
      "SELECT policy, value FROM runback_policies WHERE migration = $1",
      [migration],
    );
    return Object.fromEntries(rows.map(({ policy, value }) => [policy, JSON.parse(value) as unknown]));
  },
  saveVerification: async (tx, id, runId, passed, report) => {
    await tx.query(
      `INSERT INTO runback_verifications (id, run_id, passed, report, created_at) VALUES ($1, $2, $3, $4, utc_timestamp(6))`,
      [id, runId, passed, JSON.stringify(report)],
    );
  },
  verification: async (connection, id) => {
    const { rows } = await connection.query<{ report: string }>(
      "SELECT report FROM runback_verifications WHERE id = $1",
      [id],
    );
    return rows[0] && (JSON.parse(rows[0].report) as unknown);
  },
  latestVerification: async (connection, runId) => {
    const { rows } = await connection.query<{ id: string; report: string }>(
      "SELECT id, report FROM runback_verifications WHERE run_id = $1 ORDER BY created_at DESC LIMIT 1",
      [runId],
    );
    return rows[0] && { id: rows[0].id, report: JSON.parse(rows[0].report) as unknown };
  },
};

async function lease(connection: Connection, name: string): Promise<Lease | undefined> {
  const { rows } = await connection.query<Lease>(
    `SELECT name, run_id AS runId, holder, token, expires_at AS expiresAt FROM runback_leases WHERE name = $1`,
    [name],
  );
  return rows[0] && { ...rows[0], token: String(rows[0].token), expiresAt: toIso(rows[0].expiresAt) };
}
