/** One execution of a migration, dry or live. Rollbacks are runs too. */
export type RunKind = "import" | "rollback" | "exec" | "snapshot" | "restore" | "backfill" | "cutover" | "attendance";
export type RunMode = "dry" | "live";

/**
 * running: steps are being committed · paused: stopped at a step boundary, resumable · completed · failed: stopped by an
 * error, resumable unless its cause is permanent · aborted: refused before anything was written.
 */
export type RunState = "running" | "paused" | "completed" | "failed" | "aborted";

export interface Run {
  readonly runId: string;
  readonly kind: RunKind;
  readonly mode: RunMode;
  readonly migration: string;
  readonly operator: string;
  readonly state: RunState;
  readonly planDigest: string | null;
  /** For a rollback: the run it takes back. */
  readonly revertsRunId: string | null;
  readonly startedAt: string;
  readonly completedAt: string | null;
  /** What resuming needs: source and options. */
  readonly input: unknown;
  /** Where the next step begins; opaque outside its operation. */
  readonly checkpoint: unknown;
  /** Result document of the operation, once there is one. */
  readonly result: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly bundle: { readonly path: string; readonly sha256: string } | null;
  readonly steps: number;
  readonly rows: number;
}

/** `run-20260115-143000-4f2a91`: sortable, readable aloud, unique without coordination. */
export function newRunId(now: Date, randomHex: string): string {
  const digits = now.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `run-${digits}-${randomHex.slice(0, 6)}`;
}

export function isRunId(text: string): boolean {
  return /^run-[0-9A-Za-z-]{1,60}$/.test(text);
}
