/** Who may write a migration's tables now. A row with a fencing token, not a session lock: poolers and serverless break those. */
export interface Lease {
  /** What it protects: one live import or rollback a migration at a time. */
  readonly name: string;
  readonly holder: string;
  readonly runId: string;
  /** Grows by one with every new holder; a step commits only while its token is the newest. */
  readonly token: string;
  readonly expiresAt: string;
}
