import { denied, full, refused, unreachable } from "./errors.ts";

/** The `code` of a file system error, `undefined` for anything else. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown) || !("syscall" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}

/** The typed error for a failed file system call; anything that is none is returned as it came. */
export function folderError(thrown: unknown, location: string): unknown {
  const errno = errnoOf(thrown);
  if (errno === undefined) return thrown;
  if (errno === "EACCES" || errno === "EPERM" || errno === "EROFS") return denied(location, errno, thrown);
  if (errno === "ENOSPC" || errno === "EDQUOT") return full(location, thrown);
  if (errno === "EMLINK" || errno === "ENOTSUP" || errno === "EOPNOTSUPP" || errno === "EXDEV" || errno === "ENOSYS") {
    return refused(location, `the file system cannot do this (${errno})`, thrown);
  }
  return unreachable(location, errno, thrown);
}

/** Runs one file system call and types its failure. Only the call: errors of the body's own source pass unchanged. */
export async function io<T>(location: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw folderError(error, location);
  }
}
