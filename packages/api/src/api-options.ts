/** Who executes the runs that the API records: this process, or a workflow elsewhere. */
export interface RunHost {
  /**
   * Takes a run over and returns at once.
   *
   * @param run.attempt 1 for a new run, higher each time it is resumed
   * @throws `RUN_NOT_STARTED` (503) when nobody took it; the run stays as it is, and can be resumed
   */
  start(run: { readonly runId: string; readonly attempt: number }): Promise<void>;
}

export interface ApiOptions {
  /** Bearer token of the first administrator (`RUNBACK_ADMIN_TOKEN`), at least 16 characters. */
  readonly adminToken?: string;
  /** Default: this process. */
  readonly host?: RunHost;
  readonly limits?: Partial<ApiLimits>;
}

export interface ApiLimits {
  /** Largest request body. */
  readonly bodyBytes: number;
  /** Deepest nesting of a JSON body. */
  readonly jsonDepth: number;
  /** Failed authentications that one address may have in a minute. */
  readonly failedAuthentications: number;
  /** A claimed idempotency key without an answer after this long was left by a crash. Longer than any request takes. */
  readonly idempotencyStaleMs: number;
  /** How often an event stream looks at its run. */
  readonly eventPollMs: number;
  /** Silence after which an event stream sends a comment, for proxies that close quiet connections. */
  readonly heartbeatMs: number;
  /** Longest event stream; clients reconnect. Shorter than a function's timeout. */
  readonly streamMs: number;
}

export const defaultLimits: ApiLimits = {
  bodyBytes: 1024 * 1024,
  jsonDepth: 32,
  failedAuthentications: 20,
  idempotencyStaleMs: 300_000,
  eventPollMs: 500,
  heartbeatMs: 15_000,
  streamMs: 270_000,
};
