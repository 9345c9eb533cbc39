import { RunbackError } from "@runback/core";
import { targetFull } from "../shared/target-full.ts";

/** SQLite's extended result codes of broken constraints, as the SQLSTATE the rest of Runback knows them by. */
const constraintStates: Readonly<Record<number, string>> = {
  275: "23514",
  787: "23503",
  1299: "23502",
  1555: "23505",
  1811: "23000",
  2067: "23505",
  2579: "23505",
  3091: "23514",
};

/** SQLITE_BUSY and SQLITE_LOCKED, whatever their extension. */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" && [5, 6].includes(code & 0xff);
}

/** Foreign key, unique, check, not null, or a user's trigger that refused: not Runback's own refusals. */
export function isConstraint(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith("23");
}

/**
 * An error of the driver with a code that says what it is: a SQLSTATE, or the code that a trigger of Runback's starts its
 * message with. What an operator can do something about becomes an error of Runback's own.
 */
export function plainError(error: unknown): unknown {
  if (error instanceof RunbackError || !(error instanceof Error)) return error;
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode !== "number") return error;
  if (isBusy(error)) return lockTimeout(error);
  const own = /^(RB\d{3}): (.*)$/s.exec(error.message);
  if (own) return Object.assign(new Error(own[2], { cause: error }), { code: own[1] });
  const state = constraintStates[errcode];
  if (state !== undefined) {
    const constraint = /: (.+)$/.exec(error.message)?.[1];
    return Object.assign(error, { code: state, ...(constraint === undefined ? {} : { constraint }) });
  }
  if (error.message.startsWith("no such table")) return Object.assign(error, { code: "42P01" });
  if ((errcode & 0xff) === 13) return targetFull(error);
  // Cannot be opened, read-only, damaged, not a database.
  if ([8, 10, 11, 14, 23, 26].includes(errcode & 0xff)) return unreachable(error);
  return error;
}

function unreachable(cause: Error): RunbackError {
  return new RunbackError("TARGET_UNREACHABLE", `The database file cannot be used (${cause.message}).`, {
    recovery:
      "Check DATABASE_URL, that the folder exists and may be written, and that the disk has room. Committed steps are kept: resume the run then.",
    status: 503,
    cause,
  });
}

export function lockTimeout(cause: unknown): RunbackError {
  return new RunbackError("LOCK_TIMEOUT", "Another program holds the database's write lock.", {
    recovery: "The step was not written. Try again; if it repeats, look for long transactions on the target.",
    status: 409,
    cause,
  });
}
