/**
 * Errors users meet. Every one has a stable code, an exit status and a recovery text that says what to do
 * and, when something was already committed, what is permanent.
 */

/** 1: a check failed, a gate is closed, a rollback met conflicts. 2: bad usage, not found, unreachable, refused input. */
export type ExitStatus = 1 | 2;

export interface RunbackErrorOptions {
  readonly recovery: string;
  readonly exit?: ExitStatus;
  /** HTTP status that the API answers with. */
  readonly status?: number;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class RunbackError extends Error {
  override readonly name = "RunbackError";
  readonly code: string;
  readonly recovery: string;
  readonly exit: ExitStatus;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  /**
   * @param code stable, upper case, for tools: `LEASE_HELD`, `PLAN_CHANGED`
   * @param message one line, without secrets or personal data
   */
  constructor(code: string, message: string, options: RunbackErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.recovery = options.recovery;
    this.exit = options.exit ?? 2;
    this.status = options.status ?? 400;
    this.details = options.details ?? {};
  }
}

/** The shape `--json` prints on stdout when a command fails. */
export interface ErrorDocument {
  readonly error: { readonly code: string; readonly message: string; readonly recovery: string };
}

/** Turns anything thrown into the document that tools read; an unexpected error keeps its message but gets a general recovery. */
export function errorDocument(thrown: unknown): ErrorDocument {
  if (thrown instanceof RunbackError) {
    return { error: { code: thrown.code, message: thrown.message, recovery: thrown.recovery } };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    error: {
      code: "UNEXPECTED",
      message: redact(message),
      recovery:
        "Nothing further was attempted. Run `runback doctor`; if it passes, report this message with the command you ran.",
    },
  };
}

/** Removes the password part of any URL in a text, so that a driver's message can be shown. */
export function redact(text: string): string {
  // Log lines are many and long, and hardly any has an address in it.
  if (!text.includes("://")) return text;
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]*@/gi, "$1:***@");
}
