import { RunbackError } from "@runback/core";
import { frozenTarget } from "../postgres/frozen-target.ts";
import { targetFull } from "../shared/target-full.ts";

/** An error of the database itself, as its own drivers give it. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  /** SQLSTATE. */
  readonly code: string;
  readonly constraint_name?: string;

  constructor(message: string, code: string, constraint: string | undefined) {
    super(message);
    this.code = code;
    if (constraint !== undefined) this.constraint_name = constraint;
  }
}

const refusals = new Set([
  "AccessDeniedException",
  "ForbiddenException",
  "InvalidSecretException",
  "SecretsErrorException",
  "HttpEndpointNotEnabledException",
  "DatabaseNotFoundException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "ExpiredTokenException",
  "CredentialsProviderError",
]);

/** The service took no notice of the request, so it may be sent again. */
const notExecuted = new Set([
  "DatabaseResumingException",
  "ThrottlingException",
  "TooManyRequestsException",
  "Throttling",
  "RequestLimitExceeded",
]);

const nameOf = (error: unknown) => String((error as { name?: unknown }).name ?? "");
const messageOf = (error: unknown) => String((error as { message?: unknown }).message ?? "");

/** Before the database saw anything of it. */
export function wasNotExecuted(error: unknown): boolean {
  // Older clusters answer with a plain BadRequest while they wake up.
  return notExecuted.has(nameOf(error)) || /resuming after being auto-paused/i.test(messageOf(error));
}

/** Whether nobody knows if the request was executed: it was sent, and its answer never came or says nothing. */
export function isUnanswered(error: unknown): boolean {
  if (wasNotExecuted(error) || refusals.has(nameOf(error))) return false;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === undefined || status >= 500;
}

/** What the service or the network said, as the errors that every engine gives. */
export function toEngineError(error: unknown): unknown {
  if (error instanceof RunbackError || error instanceof DatabaseError) return error;
  const name = nameOf(error);
  const message = messageOf(error);
  // Without what follows the first line: it quotes the row.
  const told =
    /^(?:ERROR|FATAL|PANIC): ([\s\S]*?)(?:\n[\s\S]*?)?;\s*(?:Position: \d+;\s*)?SQLState: ([0-9A-Z]{5})\s*$/.exec(
      message,
    );
  if (told !== null) return ofDatabase(told[1]!.trim(), told[2]!, error);
  if (name === "StatementTimeoutException") return timedOut(error);
  if (name === "TransactionNotFoundException" || /transaction [^\s]+ is not found/i.test(message))
    return expired(error);
  if (/response size limit|result set size|row size|size was too large/i.test(message)) return tooLarge(error);
  if (name === "UnsupportedResultException") return unsupported(error);
  if (refusals.has(name)) return refused(name, error);
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (status === undefined || status >= 500 || notExecuted.has(name) || wasNotExecuted(error))
    return unreachable(name, error);
  return error;
}

/** A typed error for states that mean the same on every engine; otherwise the database's own, without the row it quotes. */
function ofDatabase(message: string, state: string, cause: unknown): Error {
  if (state === "RB005") return frozenTarget(cause);
  if (state === "53100") return targetFull(cause);
  if (state === "55P03") {
    return new RunbackError("LOCK_TIMEOUT", "Another session holds a lock this step needs.", {
      recovery: "The step was not written. Try again; if it repeats, look for long transactions on the target.",
      status: 409,
      cause,
    });
  }
  if (["57P01", "57P02", "57P03", "25P03", "08006", "08001"].includes(state)) return unreachable(state, cause);
  if (["28P01", "28000", "3D000"].includes(state)) return refused(state, cause);
  const constraint = state.startsWith("23") ? /constraint "((?:[^"]|"")+)"/.exec(message)?.[1] : undefined;
  return new DatabaseError(message, state, constraint);
}

export function unreachable(why: string, cause?: unknown): RunbackError {
  return new RunbackError("TARGET_UNREACHABLE", `The database does not answer (${why}).`, {
    recovery:
      "Check DATABASE_URL, that the cluster runs and has its Data API enabled, and the network. Committed steps are kept: resume the run when it is back.",
    status: 503,
    cause,
  });
}

function refused(why: string, cause: unknown): RunbackError {
  return new RunbackError("TARGET_REFUSED", `The database refused the connection (${why}).`, {
    recovery:
      "Check cluster, secret and database in DATABASE_URL, the AWS credentials, that the cluster has its Data API enabled, and that they may use rds-data and read the secret.",
    status: 503,
    cause,
  });
}

function expired(cause: unknown): RunbackError {
  return new RunbackError("TRANSACTION_EXPIRED", "The Data API has ended the transaction of this step.", {
    recovery:
      "The step was not written; committed steps are kept: resume the run. It ends a transaction after three minutes without a call, and after 24 hours.",
    status: 503,
    cause,
  });
}

function timedOut(cause: unknown): RunbackError {
  return new RunbackError("STATEMENT_TIMEOUT", "A statement ran longer than the Data API waits for one (45 seconds).", {
    recovery:
      "The step was not written; committed steps are kept. Give the cluster more capacity, or use its postgres:// address, which has no such limit, and resume the run.",
    status: 504,
    cause,
  });
}

function tooLarge(cause: unknown): RunbackError {
  return new RunbackError(
    "RESULT_TOO_LARGE",
    "A statement that changes rows returned more than the Data API passes on.",
    {
      recovery:
        "The step was not written; committed steps are kept. Use the cluster's postgres:// address and resume the run.",
      status: 413,
      cause,
    },
  );
}

function unsupported(cause: unknown): RunbackError {
  return new RunbackError("RESULT_UNSUPPORTED", "A result has a column of a type that the Data API does not pass on.", {
    recovery:
      "Nothing was written by this statement. Cast the column to text, or use the cluster's postgres:// address.",
    cause,
  });
}
