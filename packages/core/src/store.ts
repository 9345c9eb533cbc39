import type { Connection } from "./engine.ts";
import type { Lease } from "./lease.ts";
import type { Run, RunKind, RunMode, RunState } from "./run.ts";

/** Runback's own tables behind names: runs, steps, leases, tokens, approvals, idempotency keys. */
export interface Store {
  createRun(tx: Connection, run: NewRun): Promise<void>;
  updateRun(tx: Connection, runId: string, change: RunChange): Promise<void>;
  run(connection: Connection, runId: string): Promise<Run | undefined>;
  /** Newest first; `before` is the cursor of the last run already seen. */
  runs(connection: Connection, page: { limit: number; before?: string }): Promise<{ runs: Run[]; next: string | null }>;
  addStep(tx: Connection, step: Step): Promise<void>;
  steps(connection: Connection, runId: string): Promise<StepRow[]>;
  /** `undefined` when somebody else holds it. A holder that died is replaced once its lease expired. */
  acquireLease(tx: Connection, request: LeaseRequest): Promise<Lease | undefined>;
  lease(connection: Connection, name: string): Promise<Lease | undefined>;
  /** Extends the lease inside a step's transaction; false when the token is not the newest any more. */
  holdLease(tx: Connection, lease: Lease, ttlMs: number): Promise<boolean>;
  releaseLease(tx: Connection, lease: Lease): Promise<void>;
  createToken(tx: Connection, token: NewToken): Promise<void>;
  tokens(connection: Connection): Promise<StoredToken[]>;
  /** False when there is no such token; one that is revoked already keeps its time. */
  revokeToken(tx: Connection, id: string): Promise<boolean>;
  createApproval(tx: Connection, approval: Approval): Promise<void>;
  approval(connection: Connection, id: string): Promise<Approval | undefined>;
  /** The stored answer of an earlier request with this key, if any. */
  idempotent(connection: Connection, key: string): Promise<IdempotentAnswer | undefined>;
  /** False when the key is taken. A claim without an answer that is older than `staleMs` was left by a crash and is replaced. */
  claimIdempotencyKey(tx: Connection, key: string, requestSha256: string, staleMs?: number): Promise<boolean>;
  /** Gives up a claim that has no answer: the request wrote nothing and may be repeated. */
  releaseIdempotencyKey(tx: Connection, key: string): Promise<void>;
  answerIdempotent(tx: Connection, answer: IdempotentAnswer): Promise<void>;
  /** The policies a migration was last run with. */
  savePolicies(tx: Connection, migration: string, policies: Readonly<Record<string, unknown>>): Promise<void>;
  policies(connection: Connection, migration: string): Promise<Readonly<Record<string, unknown>>>;
  saveVerification(tx: Connection, id: string, runId: string, passed: boolean, report: unknown): Promise<void>;
  verification(connection: Connection, id: string): Promise<unknown | undefined>;
  /** The newest verification of a run's bundle. */
  latestVerification(connection: Connection, runId: string): Promise<{ id: string; report: unknown } | undefined>;
}

export interface NewRun {
  readonly runId: string;
  readonly kind: RunKind;
  readonly mode: RunMode;
  readonly migration: string;
  readonly operator: string;
  readonly startedAt: string;
  readonly revertsRunId?: string;
  readonly planDigest?: string;
  /** What resuming needs: source, options. */
  readonly input?: unknown;
}

export interface RunChange {
  readonly state?: RunState;
  readonly planDigest?: string;
  readonly checkpoint?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly bundle?: { readonly path: string; readonly sha256: string };
  readonly completedAt?: string;
  readonly addRows?: number;
}

export interface Step {
  readonly runId: string;
  readonly name: string;
  readonly rows: number;
  readonly durationMs: number;
}

export interface StepRow extends Step {
  readonly seq: number;
  readonly committedAt: string;
}

export interface LeaseRequest {
  readonly name: string;
  readonly runId: string;
  readonly holder: string;
  readonly ttlMs: number;
  /** Replace the holder even though its lease has not expired: only when it is known to be dead. */
  readonly takeover?: boolean;
}

export type Role = "viewer" | "operator" | "approver" | "admin";

export interface NewToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly sha256: string;
}

export interface StoredToken extends NewToken {
  readonly revokedAt: string | null;
}

export interface Approval {
  readonly id: string;
  /** The digest that was signed: of a rollback plan, an import plan, a snapshot to restore. */
  readonly digest: string;
  readonly action: string;
  readonly requestedBy: string;
  readonly approvedBy: string;
  readonly approvedAt: string;
  readonly expiresAt: string;
}

export interface IdempotentAnswer {
  readonly key: string;
  readonly requestSha256: string;
  readonly status: number | null;
  readonly body: string | null;
}
