import type {
  Approval,
  Connection,
  IdempotentAnswer,
  Lease,
  LeaseRequest,
  Run,
  Store,
  StoredToken,
  Value,
} from "@runback/core";
import { columnDefaults } from "./own-tables/column-defaults.ts";

const json = (value: unknown) => (value === undefined || value === null ? null : JSON.stringify(value));
const parsed = (text: string | null) => (text === null ? null : (JSON.parse(text) as unknown));

interface RunRow {
  run_id: string;
  kind: string;
  mode: string;
  migration: string;
  operator: string;
  state: string;
  plan_digest: string | null;
  reverts_run_id: string | null;
  started_at: string;
  completed_at: string | null;
  input: string | null;
  checkpoint: string | null;
  result: string | null;
  error: string | null;
  bundle: string | null;
  rows: number;
  steps: number;
}

const selectRun = `SELECT r.*, (SELECT count(*) FROM runback_steps s WHERE s.run_id = r.run_id) AS steps FROM runback_runs r`;

function toRun(row: RunRow): Run {
  return {
    runId: row.run_id,
    kind: row.kind,
    mode: row.mode,
    migration: row.migration,
    operator: row.operator,
    state: row.state,
    planDigest: row.plan_digest,
    revertsRunId: row.reverts_run_id,
    startedAt: toIso(row.started_at),
    completedAt: row.completed_at === null ? null : toIso(row.completed_at),
    input: parsed(row.input),
    checkpoint: parsed(row.checkpoint),
    result: parsed(row.result),
    error: parsed(row.error),
    bundle: parsed(row.bundle),
    steps: row.steps,
    rows: row.rows,
  } as Run;
}

const toIso = (text: string) => new Date(text).toISOString();

export const store: Store = {
  createRun: async (tx, run) => {
    await tx.query(
      `INSERT INTO runback_runs (run_id, kind, mode, migration, operator, state, reverts_run_id, plan_digest, input, started_at)
       VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8, $9)`,
      [
        run.runId,
        run.kind,
        run.mode,
        run.migration,
        run.operator,
        run.revertsRunId ?? null,
        run.planDigest ?? null,
        json(run.input),
        run.startedAt,
      ],
    );
  },
  updateRun: async (tx, runId, { addRows, state, planDigest, checkpoint, result, error, bundle, completedAt }) => {
    const set: string[] = [];
    const params: Value[] = [runId];
    const put = (column: string, value: Value | undefined) => {
      if (value === undefined) return;
      params.push(value);
      set.push(`${column} = $${params.length}`);
    };
    put("state", state);
    put("plan_digest", planDigest);
    put("checkpoint", checkpoint === undefined ? undefined : json(checkpoint));
    put("result", result === undefined ? undefined : json(result));
    put("error", error === undefined ? undefined : json(error));
    put("bundle", bundle === undefined ? undefined : json(bundle));
    put("completed_at", completedAt);
    if (addRows !== undefined) {
      params.push(addRows);
      set.push(`rows = rows + $${params.length}`);
    }
    if (set.length > 0) await tx.query(`UPDATE runback_runs SET ${set.join(", ")} WHERE run_id = $1`, params);
  },
  run: async (connection, runId) => {
    const { rows } = await connection.query<RunRow>(`${selectRun} WHERE r.run_id = $1`, [runId]);
    return rows[0] && toRun(rows[0]);
  },
  runs: async (connection, { limit, before }) => {
    const { rows } = await connection.query<RunRow>(
      `${selectRun} WHERE $1 IS NULL OR r.num < (SELECT num FROM runback_runs WHERE run_id = $1) ORDER BY r.num DESC LIMIT $2`,
      [before ?? null, limit + 1],
    );
    const page = rows.slice(0, limit).map(toRun);
    return { runs: page, next: rows.length > limit ? page.at(-1)!.runId : null };
  },
  addStep: async (tx, { runId, name, rows, durationMs }) => {
    await tx.query(
      `INSERT INTO runback_steps (run_id, seq, name, rows, duration_ms)
       VALUES ($1, (SELECT coalesce(max(seq), 0) + 1 FROM runback_steps WHERE run_id = $1), $2, $3, $4)`,
      [runId, name, rows, Math.round(durationMs)],
    );
  },
  steps: async (connection, runId) => {
    const { rows } = await connection.query<{
      seq: number;
      name: string;
      rows: number;
      duration_ms: number;
      committed_at: string;
    }>("SELECT * FROM runback_steps WHERE run_id = $1 ORDER BY seq", [runId]);
    return rows.map((row) => ({
      runId,
      seq: row.seq,
      name: row.name,
      rows: row.rows,
      durationMs: row.duration_ms,
      committedAt: toIso(row.committed_at),
    }));
  },
  acquireLease,
  lease: async (connection, name) => {
    const { rows } = await connection.query<LeaseRow>("SELECT * FROM runback_leases WHERE name = $1", [name]);
    return rows[0] && toLease(rows[0]);
  },
  holdLease: async (tx, lease, ttlMs) => {
    // One that was released stays released: a heartbeat that comes late must not bring it back to life.
    const held = await tx.query(
      `UPDATE runback_leases SET expires_at = ${nowMs} + $3 WHERE name = $1 AND token = CAST($2 AS INTEGER) AND expires_at > 0`,
      [lease.name, lease.token, Math.round(ttlMs)],
    );
    return held.count === 1;
  },
  releaseLease: async (tx, lease) => {
    // The row stays with its token, so that the next holder's is higher than any that was ever given out.
    await tx.query("UPDATE runback_leases SET expires_at = 0 WHERE name = $1 AND token = CAST($2 AS INTEGER)", [
      lease.name,
      lease.token,
    ]);
  },
  createToken: async (tx, { id, name, role, sha256 }) => {
    await tx.query(
      "INSERT INTO runback_tokens (id, name, role, sha256) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
      [id, name, role, sha256],
    );
  },
  tokens: async (connection) => {
    const { rows } = await connection.query<StoredToken>(
      `SELECT id, name, role, sha256, revoked_at AS "revokedAt" FROM runback_tokens`,
    );
    return rows;
  },
  revokeToken: async (tx, id) => {
    const revoked = await tx.query(
      `UPDATE runback_tokens SET revoked_at = coalesce(revoked_at, ${columnDefaults.now}) WHERE id = $1`,
      [id],
    );
    return revoked.count === 1;
  },
  createApproval: async (tx, { id, digest, action, requestedBy, approvedBy, approvedAt, expiresAt }) => {
    await tx.query("INSERT INTO runback_approvals VALUES ($1, $2, $3, $4, $5, $6, $7)", [
      id,
      digest,
      action,
      requestedBy,
      approvedBy,
      approvedAt,
      expiresAt,
    ]);
  },
  approval: async (connection, id) => {
    const { rows } = await connection.query<Approval>(
      `SELECT id, digest, action, requested_by AS "requestedBy", approved_by AS "approvedBy", approved_at AS "approvedAt", expires_at AS "expiresAt"
       FROM runback_approvals WHERE id = $1`,
      [id],
    );
    const found = rows[0];
    return found && { ...found, approvedAt: toIso(found.approvedAt), expiresAt: toIso(found.expiresAt) };
  },
  idempotent: async (connection, key) => {
    const { rows } = await connection.query<IdempotentAnswer>(
      `SELECT key, request_sha256 AS "requestSha256", status, body FROM runback_idempotency WHERE key = $1`,
      [key],
    );
    return rows[0];
  },
  claimIdempotencyKey: async (tx, key, requestSha256, staleMs = Number.POSITIVE_INFINITY) => {
    const stale = Number.isFinite(staleMs)
      ? "status IS NULL AND unixepoch(created_at, 'subsec') * 1000 < unixepoch('subsec') * 1000 - $3"
      : "false";
    const claimed = await tx.query(
      `INSERT INTO runback_idempotency (key, request_sha256) VALUES ($1, $2)
       ON CONFLICT (key) DO UPDATE SET request_sha256 = $2, created_at = ${columnDefaults.now} WHERE ${stale}`,
      [key, requestSha256, Number.isFinite(staleMs) ? staleMs : 0],
    );
    return claimed.count === 1;
  },
  releaseIdempotencyKey: async (tx, key) => {
    await tx.query("DELETE FROM runback_idempotency WHERE key = $1 AND status IS NULL", [key]);
  },
  answerIdempotent: async (tx, { key, status, body }) => {
    await tx.query("UPDATE runback_idempotency SET status = $2, body = $3 WHERE key = $1", [key, status, body]);
  },
  savePolicies: async (tx, migration, policies) => {
    await tx.query("DELETE FROM runback_policies WHERE migration = $1", [migration]);
    await tx.query(
      "INSERT INTO runback_policies (migration, key, value) SELECT $1, value ->> 0, value ->> 1 FROM json_each($2)",
      [migration, JSON.stringify(Object.entries(policies).map(([key, value]) => [key, JSON.stringify(value)]))],
    );
  },
  policies: async (connection, migration) => {
    const { rows } = await connection.query<{ key: string; value: string }>(
      "SELECT key, value FROM runback_policies WHERE migration = $1",
      [migration],
    );
    return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown]));
  },
  saveVerification: async (tx, id, runId, passed, report) => {
    await tx.query("INSERT INTO runback_verifications (id, run_id, passed, report) VALUES ($1, $2, $3, $4)", [
      id,
      runId,
      passed,
      JSON.stringify(report),
    ]);
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
      "SELECT id, report FROM runback_verifications WHERE run_id = $1 ORDER BY num DESC LIMIT 1",
      [runId],
    );
    return rows[0] && { id: rows[0].id, report: JSON.parse(rows[0].report) as unknown };
  },
};

/** The clock of the machine the file is on: holders on one machine agree on it. */
const nowMs = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

interface LeaseRow {
  name: string;
  run_id: string;
  holder: string;
  token: number;
  expires_at: number;
}

async function acquireLease(
  tx: Connection,
  { name, runId, holder, ttlMs, takeover }: LeaseRequest,
): Promise<Lease | undefined> {
  const { rows } = await tx.query<LeaseRow>(
    `INSERT INTO runback_leases (name, run_id, holder, token, expires_at) VALUES ($1, $2, $3, 1, ${nowMs} + $4)
     ON CONFLICT (name) DO UPDATE SET run_id = $2, holder = $3, token = token + 1, expires_at = ${nowMs} + $4
       WHERE ${takeover ? "true" : `expires_at <= ${nowMs}`} RETURNING *`,
    [name, runId, holder, Math.round(ttlMs)],
  );
  return rows[0] && toLease(rows[0]);
}

function toLease(row: LeaseRow): Lease {
  return {
    name: row.name,
    runId: row.run_id,
    holder: row.holder,
    token: String(row.token),
    expiresAt: new Date(row.expires_at).toISOString(),
  };
}
