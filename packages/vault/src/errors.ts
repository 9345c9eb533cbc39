import { RunbackError } from "@runback/core";

/**
 * Every error a vault throws, made in one place so that both stores say the same thing in the same words.
 * Messages carry keys and locations, never credentials.
 */

/** A key or bundle name as it may be shown: escaped, so that control characters cannot reach a terminal, and short. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}...` : text);
}

export function keyInvalid(key: string, why: string): RunbackError {
  return new RunbackError("VAULT_KEY_INVALID", `The vault key ${shown(key)} is refused: ${why}.`, {
    recovery: "Use a relative path such as bundles/<run-id>/id-map.json. Nothing was read or written.",
    status: 400,
  });
}

export function urlInvalid(why: string): RunbackError {
  return new RunbackError("VAULT_URL_INVALID", `The vault URL is refused: ${why}.`, {
    recovery:
      "Set VAULT_URL to file:///<folder> or s3://<bucket>/<prefix>?endpoint=…&region=…&forcePathStyle=true, without credentials in it.",
    status: 500,
  });
}

export function notFound(key: string, location: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_NOT_FOUND", `There is no object ${shown(key)} in ${location}.`, {
    recovery: "Check the name, and that VAULT_URL names the vault it was written to.",
    status: 404,
    cause,
  });
}

export function bucketMissing(location: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_BUCKET_MISSING", `The bucket of ${location} does not exist.`, {
    recovery: "Create the bucket or correct VAULT_URL. Nothing was written.",
    status: 502,
    cause,
  });
}

export function exists(key: string, location: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_EXISTS", `The object ${shown(key)} is already in ${location}; it was not replaced.`, {
    recovery: "What is there was left as it was. Write under another key, or compare the two before deleting one.",
    status: 409,
    cause,
  });
}

export function locked(key: string, until: Date | undefined, cause?: unknown): RunbackError {
  const term = until === undefined ? "" : ` until ${until.toISOString()}`;
  return new RunbackError("VAULT_LOCKED", `The object ${shown(key)} is under retention${term}.`, {
    recovery: "Nobody can delete or replace it before that time. Write under another key.",
    status: 409,
    details: until === undefined ? {} : { retainUntil: until.toISOString() },
    cause,
  });
}

export function lockUnsupported(location: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_LOCK_UNSUPPORTED", `The bucket of ${location} has no Object Lock.`, {
    recovery: "Enable Object Lock on the bucket (it needs versioning), or configure no retention. Nothing was written.",
    status: 502,
    cause,
  });
}

export function retentionInvalid(): RunbackError {
  return new RunbackError("VAULT_RETENTION_INVALID", "The retention time is not a date in the future.", {
    recovery: "Give a date after now. Nothing was written.",
    status: 400,
  });
}

export function rangeInvalid(key: string, why: string): RunbackError {
  return new RunbackError("VAULT_RANGE_INVALID", `The range asked of ${shown(key)} is refused: ${why}.`, {
    recovery: "Ask for start ≤ end inside the object; both count from 0 and end is included.",
    status: 416,
  });
}

export function corrupt(key: string, why: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_CORRUPT", `The object ${shown(key)} did not arrive whole: ${why}.`, {
    recovery: "Do not use what was received. Try again; if it stays, restore the object from another copy.",
    status: 502,
    cause,
  });
}

export function unreachable(location: string, why: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_UNREACHABLE", `The vault ${location} did not answer: ${why}.`, {
    recovery:
      "Check network, endpoint and disk, then run the same command again: a write that had not finished is not visible.",
    status: 503,
    cause,
  });
}

export function denied(location: string, why: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_DENIED", `The vault ${location} refused access: ${why}.`, {
    recovery: "Check the credentials and their permissions (get, put, delete, list, retention). Nothing was written.",
    status: 502,
    cause,
  });
}

export function refused(location: string, why: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_REFUSED", `The vault ${location} refused the request: ${why}.`, {
    recovery:
      "The store does not do what Runback needs of it, or its configuration forbids it; run `runback doctor`. Nothing was written.",
    status: 502,
    cause,
  });
}

export function full(location: string, cause?: unknown): RunbackError {
  return new RunbackError("VAULT_FULL", `There is no space left in ${location}.`, {
    recovery: "Free space, then run the same command again: the unfinished write is not visible.",
    status: 507,
    cause,
  });
}

export function tooLarge(what: string, limit: number): RunbackError {
  return new RunbackError("VAULT_TOO_LARGE", `${what} is larger than the limit of ${limit} bytes.`, {
    recovery: "Check that this is the object you meant; raise the limit only for content you trust.",
    status: 413,
    details: { limit },
  });
}
