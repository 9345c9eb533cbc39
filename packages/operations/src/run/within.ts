import { RunbackError } from "@runback/core";

/** Waits for something that a target may never answer. @throws `TARGET_UNREACHABLE` after `ms` milliseconds */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // In two halves: a machine that slept wakes with its timer overdue, before the answer that came meanwhile is read.
    timer = setTimeout(() => {
      timer = setTimeout(() => reject(silent(ms)), ms / 2);
    }, ms / 2);
  });
  // Whichever way it ends after that, it is nobody's any more.
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function silent(ms: number): RunbackError {
  return new RunbackError("TARGET_UNREACHABLE", `The database has not answered for ${Math.ceil(ms / 1000)} s.`, {
    recovery: "Check that the server runs, and the network. Committed steps are kept: resume the run when it is back.",
    status: 503,
  });
}
