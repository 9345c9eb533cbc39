/** A lock that was waited for too long, or a deadlock that was lost: the transaction was taken back as a whole. */
export function metLock(error: unknown): boolean {
  return ["LOCK_TIMEOUT", "40P01"].includes(String((error as { code?: unknown } | null)?.code));
}
