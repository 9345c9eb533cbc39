import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, type Engine, RunbackError, type TransactionOptions, type Value } from "@runback/core";
import { capabilities } from "./capabilities.ts";
import { dialect } from "./dialect.ts";
import { sqliteEngine } from "./engine.ts";
import { isBusy, lockTimeout, plainError } from "./plain-error.ts";
import { forgetRun } from "./run-marker.ts";
import { sealAudit } from "./seal-audit.ts";
import { Session, transactionOver } from "./session.ts";
import { snapshots } from "./snapshots.ts";
import { sqlitePath } from "./sqlite-path.ts";

/** Milliseconds a transaction waits for the writer of another process, unless it says otherwise. */
const patienceMs = 30_000;

/** Cannot run inside a transaction. */
const aloneOnly = /^\s*(vacuum|pragma|attach|detach|begin|commit|end|rollback|savepoint|release)\b/i;

/**
 * A SQLite file. One handle writes, and transactions of this process wait for each other without blocking it; those of
 * other processes are waited for between attempts. Read-only transactions have handles of their own.
 */
export function openSqlite(url: string): Engine {
  return openFileAt(sqlitePath(url));
}

function openFileAt(path: string): Engine {
  let writer: Session | undefined;
  let closed = false;
  const open = () => {
    if (closed) throw new Error("the engine is closed");
    if (writer) return writer;
    writer = openFile(path);
    return writer;
  };
  const turn = turns();

  const within = async <T>(
    session: Session,
    work: (tx: Connection) => Promise<T>,
    options: TransactionOptions,
  ): Promise<T> => {
    let ended = false;
    await whenFree(() => session.exec("BEGIN IMMEDIATE"), options.lockTimeoutMs ?? patienceMs);
    try {
      const result = await work(transactionOver(session, () => ended));
      if (!session.db.isTransaction) throw new Error("the database rolled the transaction back");
      forgetRun(session);
      sealAudit(session);
      await whenFree(() => session.exec("COMMIT"), options.lockTimeoutMs ?? patienceMs);
      return result;
    } catch (error) {
      throw isBusy(error) ? lockTimeout(error) : plainError(error);
    } finally {
      ended = true;
      if (session.db.isTransaction) session.exec("ROLLBACK");
    }
  };

  const write = <T>(work: (session: Session, tx: Connection) => Promise<T>, options: TransactionOptions = {}) =>
    turn(() => {
      const session = open();
      return within(session, (tx) => work(session, tx), options);
    });

  const reading = async <T>(work: (session: Session, tx: Connection) => Promise<T>): Promise<T> => {
    // The writer's handle made the file what it is (its journal mode), so it comes first.
    open();
    const session = new Session(path);
    let ended = false;
    try {
      session.exec("PRAGMA query_only = 1; BEGIN");
      // A deferred transaction has no moment before its first statement.
      await whenFree(() => session.run("SELECT count(*) AS n FROM sqlite_schema"), patienceMs);
      return await work(
        session,
        transactionOver(session, () => ended),
      );
    } catch (error) {
      throw isBusy(error) ? lockTimeout(error) : error;
    } finally {
      ended = true;
      session.close();
    }
  };

  // What happens with foreign keys must be said before a transaction, so it has a session of its own.
  const rebuild = <T>(work: (session: Session, tx: Connection) => Promise<T>, options: TransactionOptions = {}) =>
    turn(async () => {
      open();
      const session = new Session(path, { builds: true });
      try {
        const result = await within(session, (tx) => work(session, tx), options);
        // All of it went through the log, which would stay as large until the last session is closed.
        try {
          session.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        } catch (error) {
          if (!isBusy(error)) throw error;
        }
        return result;
      } finally {
        session.close();
        // Statements that were prepared for tables that are gone.
        writer?.close();
        writer = undefined;
      }
    });

  const alone = <T>(work: (session: Session) => T) =>
    turn(async () => {
      const session = open();
      return await whenFree(() => work(session), patienceMs);
    });

  const connection: Connection = {
    query: <R extends object>(text: string, params: readonly Value[] = []) =>
      isReading(text)
        ? alone((session) => session.run<R>(text, params))
        : write(async (session) => session.run<R>(text, params)),
    script: (text) =>
      aloneOnly.test(text) ? alone((session) => session.exec(text)) : write(async (session) => session.exec(text)),
    savepoint: async () => {
      throw new Error("a savepoint needs a transaction");
    },
    load: async () => {
      throw new Error("a bulk load needs a transaction");
    },
  };
  return sqliteEngine({
    name: "sqlite",
    location: `sqlite://${path}`,
    capabilities,
    dialect,
    connection,
    transaction: (work, options = {}) =>
      options.readOnly ? reading((_, tx) => work(tx)) : write((_, tx) => work(tx), options),
    rebuild: (work, lockTimeoutMs) => rebuild((_, tx) => work(tx), { lockTimeoutMs }),
    snapshots: snapshots({ path, read: (work) => reading(work), rebuild, beside: (file) => openFileAt(file) }),
    close: async () => {
      await turn(async () => {
        closed = true;
        writer?.close();
        writer = undefined;
      });
    },
  });
}

/** Statements that only read run without a transaction; a statement that cannot be told runs in one. */
function isReading(text: string): boolean {
  return aloneOnly.test(text) || /^\s*(select|values|explain)\b/i.test(text);
}

function openFile(path: string): Session {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw new RunbackError("TARGET_UNREACHABLE", `The folder of the database file cannot be made (${dirname(path)}).`, {
      recovery: "Check DATABASE_URL and the rights on that folder.",
      status: 503,
      cause,
    });
  }
  const session = new Session(path);
  // Readers and one writer side by side. It stays with the file; where the file system cannot, SQLite says so by not doing it.
  try {
    session.exec("PRAGMA journal_mode = WAL; PRAGMA cache_size = -32768");
  } catch (error) {
    // Another process is just now at it, or writing: it does the same, and a transaction waits for it.
    if (!isBusy(error)) {
      session.close();
      throw error;
    }
  }
  return session;
}

/** Tries until the lock is free; between attempts the process goes on with everything else. @throws `LOCK_TIMEOUT` */
async function whenFree<T>(attempt: () => T, patience: number): Promise<T> {
  const until = performance.now() + patience;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() >= until) throw lockTimeout(error);
    }
    // Not all at the same moment: ten processes that wait would collide again and again.
    await sleep(2 + Math.random() * 20);
  }
}

/** One after the other, in the order they came. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => {});
    return mine;
  };
}
