import { RunbackError } from "@runback/core";
import { targetFull } from "../shared/target-full.ts";

const unreachableCodes = new Set([
  ..."ECONNREFUSED ENOTFOUND EAI_AGAIN ETIMEDOUT ECONNRESET EHOSTUNREACH ENETUNREACH EPIPE ENOENT".split(" "),
  ..."PROTOCOL_CONNECTION_LOST PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR PROTOCOL_ENQUEUE_AFTER_QUIT".split(" "),
  ..."PROTOCOL_ENQUEUE_AFTER_DESTROY PROTOCOL_PACKETS_OUT_OF_ORDER POOL_CLOSED HANDSHAKE_NO_SSL_SUPPORT".split(" "),
]);

/** Shutdown, too many connections, killed connection or statement, client gone for too long, aborted. */
const unreachableNumbers = new Set([1040, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1927, 3169, 4031]);

/** Disk full, table full. */
const fullNumbers = new Set([1021, 1114]);

const refusedNumbers = new Set([1044, 1045, 1049, 1698, 1862]);

export function connectionLost(code: string, cause?: unknown): RunbackError {
  return new RunbackError("TARGET_UNREACHABLE", `The database does not answer (${code}).`, {
    recovery:
      "Check DATABASE_URL, that the server runs, and the network. Committed steps are kept: resume the run when it is back.",
    status: 503,
    cause,
  });
}

interface DriverError extends Error {
  code?: string;
  errno?: number;
  sqlState?: string;
  sql?: unknown;
  fatal?: boolean;
  constraint?: string;
}

/** Gives the failures an operator can do something about a code of their own; others carry their SQLSTATE, as on the other engines. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw translated(thrown as DriverError);
  }
}

function translated(error: DriverError): unknown {
  if (error instanceof RunbackError) return error;
  const { code = "", errno = 0 } = error;
  // The driver attaches the statement with its values to its errors.
  delete error.sql;
  if (refusedNumbers.has(errno)) {
    return new RunbackError("TARGET_REFUSED", `The database refused the connection (${code}): ${error.message}.`, {
      recovery: "Check user, password and database name in DATABASE_URL.",
      status: 503,
      cause: error,
    });
  }
  if (unreachableCodes.has(code) || unreachableNumbers.has(errno)) return connectionLost(code, error);
  if (/in closed state|connection is closed|Pool is closed/i.test(error.message))
    return connectionLost("CONNECTION_CLOSED", error);
  if (fullNumbers.has(errno) || / errno: 28 |No space left on device/.test(error.message)) return targetFull(error);
  // 1205 lock wait, 1213 deadlock, 3572 NOWAIT: the transaction is rolled back as a whole. RB006: the table is being altered.
  if ([1205, 1213, 3572].includes(errno) || error.sqlState === "RB006") {
    return new RunbackError("LOCK_TIMEOUT", "Another session holds a lock this step needs.", {
      recovery: "The step was not written. Try again; if it repeats, look for long transactions on the target.",
      status: 409,
      cause: error,
    });
  }
  if (error.sqlState !== undefined) {
    const state = integrityStates[errno] ?? error.sqlState;
    const constraint = /for key '(?:[^']*\.)?([^'.]+)'|CONSTRAINT `([^`]+)`/.exec(error.message);
    if (constraint) error.constraint = constraint[1] ?? constraint[2]!;
    error.code = state;
  }
  return error;
}

/** Violations that the server files under the general state: no default, cut data is left as it is, checks. */
const integrityStates: Readonly<Record<number, string>> = {
  1062: "23505",
  1169: "23505",
  1586: "23505",
  1216: "23503",
  1217: "23503",
  1451: "23503",
  1452: "23503",
  1048: "23502",
  1364: "23502",
  3819: "23514",
  4025: "23514",
};
