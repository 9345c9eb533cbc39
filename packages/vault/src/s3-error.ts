import { RunbackError } from "@runback/core";
import {
  bucketMissing,
  corrupt,
  denied,
  exists,
  locked,
  lockUnsupported,
  notFound,
  rangeInvalid,
  refused,
  unreachable,
} from "./errors.ts";

/** What is known of a failed request, whatever class the client library threw. */
export interface S3Failure {
  /** S3's error code, a network error's code, or a class name. */
  readonly code: string;
  /** HTTP status; `undefined` when there was no answer. */
  readonly status: number | undefined;
  readonly message: string;
  /** Milliseconds by which the server's clock is ahead of ours, when it said so. Signatures fail beyond 15 minutes. */
  readonly skewMs: number;
}

/** Beyond this, a refusal is put down to the clock: the client library has then corrected its own and may try again. */
const MAX_SKEW_MS = 5 * 60 * 1000;

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

export function failureOf(thrown: unknown): S3Failure {
  const response = member(thrown, "$response");
  const status = member(member(thrown, "$metadata"), "httpStatusCode") ?? member(response, "statusCode");
  const date = member(member(response, "headers"), "date");
  const name = member(thrown, "name");
  const errno = member(thrown, "code");
  const message = member(thrown, "message");
  // A network error keeps its own code: the client library names a reset connection TimeoutError.
  const network = typeof errno === "string" && /^E[A-Z]+$/.test(errno);
  return {
    code: network ? errno : String(name ?? "Error"),
    status: typeof status === "number" ? status : undefined,
    message: typeof message === "string" ? message : String(thrown),
    skewMs: typeof date === "string" ? Date.parse(date) - Date.now() || 0 : 0,
  };
}

/** Error codes of S3 that pass by themselves although their status says otherwise. 409: another conditional write was under way. */
const TRANSIENT = new Set([
  "BadDigest",
  "ConditionalRequestConflict",
  "IncompleteBody",
  "OperationAborted",
  "RequestTimeTooSkewed",
  "RequestTimeout",
  "SlowDown",
  "XAmzContentSHA256Mismatch",
]);

/** True when the same request may succeed if sent again. */
export function isTransient(failure: S3Failure): boolean {
  if (TRANSIENT.has(failure.code)) return true;
  if (failure.code === "CredentialsProviderError" || failure.code === "NotImplemented") return false;
  if (failure.status === 403 && Math.abs(failure.skewMs) > MAX_SKEW_MS) return true;
  return failure.status === undefined || failure.status === 429 || failure.status >= 500 || failure.status === 200;
}

const CORRUPT = new Set(["BadDigest", "IncompleteBody", "InvalidDigest", "XAmzContentSHA256Mismatch"]);

/**
 * The typed error for a failed request.
 *
 * @param key the vault's key, empty when the request was about the bucket
 */
export function s3Error(thrown: unknown, key: string, location: string): Error {
  if (thrown instanceof RunbackError) return thrown;
  const failure = failureOf(thrown);
  const { code, status } = failure;
  const minutes = Math.round(failure.skewMs / 60_000);
  const clock = Math.abs(failure.skewMs) > MAX_SKEW_MS ? `; its clock is ${minutes} minutes from this machine's` : "";
  const why = status === undefined ? code : `HTTP ${status} ${code}${clock}`;
  if (code === "NoSuchBucket") return bucketMissing(location, thrown);
  if (/missing Object Lock Configuration/i.test(failure.message)) return lockUnsupported(location, thrown);
  if (status === 403 && /object lock/i.test(failure.message)) return locked(key, undefined, thrown);
  if (CORRUPT.has(code)) return corrupt(key, why, thrown);
  if (status === 404) return notFound(key, location, thrown);
  if (status === 412) return exists(key, location, thrown);
  if (status === 416) return rangeInvalid(key, "it starts behind the object's end");
  if (code === "CredentialsProviderError") return denied(location, "no credentials were found", thrown);
  if (status === 401 || status === 403) return denied(location, why, thrown);
  if (isTransient(failure)) return unreachable(location, why, thrown);
  return refused(location, why, thrown);
}
