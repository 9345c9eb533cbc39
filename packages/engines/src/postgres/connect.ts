import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type Connection,
  type Engine,
  type Result,
  RunbackError,
  redact,
  type TransactionOptions,
  type Value,
} from "@runback/core";
import postgres from "postgres";
import { targetFull } from "../shared/target-full.ts";
import { atMost } from "./at-most.ts";
import { capabilities } from "./capabilities.ts";
import { copyText } from "./copy-text.ts";
import { dialect, id, literal, table as tableName } from "./dialect.ts";
import { postgresEngine } from "./engine.ts";
import { frozenTarget } from "./frozen-target.ts";
import { copyChunks } from "./snapshots/copy-chunks.ts";
import { type CopySession, copyOptions, copyTarget } from "./snapshots/copy-session.ts";
import type { SnapshotTransaction } from "./snapshots.ts";
import { pooledSockets } from "./sockets.ts";
import { watchSilence } from "./watch-silence.ts";

export interface PostgresOptions {
  /** Sessions at most; default 4. */
  readonly max?: number;
  /** Seconds to wait for a connection; default 10. */
  readonly connectTimeout?: number;
  /** Milliseconds after which the server ends a writing transaction whose client says nothing; default 60,000. */
  readonly idleInTransactionMs?: number;
  /** Milliseconds without any answer, to new connections neither, after which the server counts as gone; default 30,000. */
  readonly silenceMs?: number;
  /** Another database of the server that the URL names. */
  readonly database?: string;
}

/** Values stay text unless JSON can hold them exactly: dates keep microseconds, numerics and 64-bit integers every digit. */
const exactTypes = {
  text: {
    to: 25,
    from: [20, 1700, 1082, 1114, 1184, 1083, 1266, 1186],
    serialize: String,
    parse: (text: string) => text,
  },
  json: { to: 114, from: [114, 3802], serialize: String, parse: (text: string) => JSON.parse(text) as unknown },
  date: { to: 1184, from: [], serialize: String, parse: (text: string) => text },
};

/** Opens a PostgreSQL server (or Aurora, or anything that speaks its protocol, poolers in transaction mode included). */
export function openPostgres(url: string, options: PostgresOptions = {}): Engine {
  const idleMs = options.idleInTransactionMs ?? 60_000;
  const sockets = pooledSockets();
  const max = options.max ?? 4;
  const sql = postgres(url, {
    // An option of the driver that its types do not know.
    ...{ socket: sockets.open },
    ...(options.database === undefined ? {} : { database: options.database }),
    max,
    connect_timeout: options.connectTimeout ?? 10,
    idle_timeout: 20,
    // Poolers in transaction mode lose named statements; every query here is sent once.
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
    types: exactTypes,
    connection: { application_name: "runback" },
  });
  const watched = watchSilence(options.silenceMs ?? 30_000, sockets.answered, sockets.giveUp);
  const pool: Session = { ended: false, lost: false, watched };
  // With more to do than sessions, the driver sends the next statement, or a BEGIN, behind one that is under way. Poolers in
  // transaction mode give the server away when the first is answered: the answers to the others never come (issue 970).
  const turn = atMost(max);
  const connection = inTurn(over(sql, pool), turn);
  const begin = <T>(work: (tx: CopySession) => Promise<T>, transaction: SnapshotTransaction = {}) => {
    const session: Session = { ended: false, lost: false, watched };
    const inSession = async () => {
      let forget = () => {};
      try {
        return (await sql.begin(modes(transaction), async (tx) => {
          forget = sockets.onClose(() => {
            session.ended = true;
          });
          // Before any query, or the server refuses it.
          if (transaction.moment !== undefined)
            await tx.unsafe(`SET TRANSACTION SNAPSHOT ${literal(transaction.moment)}`);
          // Not waited for: it travels with the first statement.
          tx.unsafe(settings(transaction, idleMs)).catch(() => {});
          return await unlessLost(session, () => work(over(tx, session)));
        })) as T;
      } finally {
        forget();
        session.ended = true;
      }
    };
    return turn(() => guarded(pool, inSession));
  };
  return postgresEngine({
    name: "postgres",
    location: redact(url),
    capabilities,
    dialect,
    connection,
    transaction: begin,
    copies: {
      connection,
      transaction: begin,
      parallel: true,
      beside: (database) => openPostgres(url, { ...options, database }),
    },
    // A connection that was lost counts as busy with the statement it was lost in, and would be waited for.
    close: async () => {
      await sql.end({ timeout: pool.lost ? 0 : 5 });
      sockets.destroy();
    },
  });
}

function modes({ isolation, readOnly }: TransactionOptions): string {
  return `ISOLATION LEVEL ${isolation === "snapshot" ? "REPEATABLE READ" : "READ COMMITTED"}${readOnly ? " READ ONLY" : ""}`;
}

/** One statement with what holds for this transaction only. */
function settings({ lockTimeoutMs, readOnly, isolation, bulk }: TransactionOptions, idleMs: number): string {
  // A client that is gone without a word: found after 40 s instead of two hours, so that its locks do not outlive its lease.
  const values: Record<string, string> = {
    tcp_keepalives_idle: "20",
    tcp_keepalives_interval: "5",
    tcp_keepalives_count: "4",
  };
  if (lockTimeoutMs !== undefined) values.lock_timeout = String(Math.round(lockTimeoutMs));
  if (bulk) values.work_mem = "128MB";
  // A long read pauses while what it read is stored; it holds no locks that matter.
  if (!readOnly && isolation !== "snapshot") values.idle_in_transaction_session_timeout = String(Math.round(idleMs));
  return `SELECT ${Object.entries(values)
    .map(([name, value]) => `set_config('${name}', '${value}', true)`)
    .join(", ")}`;
}

interface Session {
  /** Its transaction is over, whether or not the work in it has noticed. */
  ended: boolean;
  /** A statement found its connection gone. */
  lost: boolean;
  readonly watched: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * After a connection was lost the driver must not be told that the work failed: it would write its ROLLBACK to the closed
 * connection, wait for the answer, and begin the next connection with it. Its own `begin` rejects when the connection closes.
 */
async function unlessLost<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (session.lost || session.ended) return await new Promise<never>(() => {});
    throw error;
  }
}

function inTurn(session: CopySession, turn: ReturnType<typeof atMost>): CopySession {
  return {
    ...session,
    query: <R extends object>(text: string, params?: readonly Value[]) => turn(() => session.query<R>(text, params)),
    script: (text) => turn(() => session.script(text)),
    copyOut: (request, consume) => turn(() => session.copyOut(request, consume)),
  };
}

function over(sql: postgres.Sql | postgres.TransactionSql, session: Session): CopySession {
  const guard = <T>(work: () => Promise<T>): Promise<T> =>
    // The driver may have reopened the connection for somebody else by now: this statement would run there, on its own.
    session.ended ? Promise.reject(unreachable("CONNECTION_CLOSED")) : guarded(session, work);
  return {
    query: <R extends object>(text: string, params: readonly Value[] = []) =>
      guard(async (): Promise<Result<R>> => {
        const rows = await sql.unsafe(text, params as (string | number | boolean | null)[]);
        return { rows: [...rows] as unknown as R[], count: rows.count };
      }),
    script: (text) =>
      guard(async () => {
        await sql.unsafe(text).simple();
      }),
    savepoint: <T>(work: (tx: Connection) => Promise<T>) => {
      if (!("savepoint" in sql)) throw new Error("a savepoint needs a transaction");
      return guard(() => sql.savepoint((inner) => unlessLost(session, () => work(over(inner, session)))) as Promise<T>);
    },
    load: (table, columns, rows) =>
      guard(async () => {
        let loaded = 0;
        const statement = sql.unsafe(`COPY ${tableName(table)} (${columns.map(id).join(", ")}) FROM STDIN`);
        const refused = refusalOf(statement);
        const copy = await statement.writable();
        const source = Readable.from(
          copyText(rows, (count) => {
            loaded = count;
          }),
          { objectMode: false },
        );
        await Promise.race([pipeline(source, copy), refused]);
        return loaded;
      }),
    copyOut: (request, consume) =>
      guard(async () => {
        const stream = await sql
          .unsafe(`COPY ${copyTarget(request)} TO STDOUT ${copyOptions(request.binary)}`)
          .readable();
        const chunks = copyChunks(stream);
        try {
          return await consume({ [Symbol.asyncIterator]: () => ({ next: () => chunks.next() }) });
        } finally {
          // The server sends the rest whether or not it is wanted, and the session is of no use before its end.
          for await (const _ of chunks);
        }
      }),
    copyIn: (request, chunks) =>
      guard(async () => {
        const statement = sql.unsafe(`COPY ${copyTarget(request)} FROM STDIN ${copyOptions(request.binary, true)}`);
        const refused = refusalOf(statement);
        const copy = await statement.writable();
        await Promise.race([pipeline(Readable.from(chunks, { objectMode: false }), copy), refused]);
      }),
  };
}

/**
 * Rejects with what the server says against a statement. Rows it refuses only once it has all of them are an error that the
 * driver gives to its promise, which was kept when the stream began, and not to the stream, which waits for ever.
 */
function refusalOf(statement: Promise<unknown>): Promise<never> {
  const driver = statement as unknown as { reject: (error: unknown) => void };
  const refusal = new Promise<never>((_, reject) => {
    const rejectStatement = driver.reject;
    driver.reject = (error) => {
      reject(error);
      rejectStatement(error);
    };
  });
  refusal.catch(() => {});
  return refusal;
}

const unreachableCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "ECONNRESET",
  "EHOSTUNREACH",
  "EPIPE",
  "ERR_SOCKET_CLOSED",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_WRITE_AFTER_END",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "57P01",
  "57P02",
  "57P03",
  "25P03",
  "08006",
  "08001",
]);

function unreachable(code: string, cause?: unknown): RunbackError {
  return new RunbackError("TARGET_UNREACHABLE", `The database does not answer (${code}).`, {
    recovery:
      "Check DATABASE_URL, that the server runs, and the network. Committed steps are kept: resume the run when it is back.",
    status: 503,
    cause,
  });
}

/** What the driver throws for a statement it is given in the moment after its connection closed. */
function wroteToNothing(error: unknown): boolean {
  return error instanceof TypeError && error.message === "Cannot read properties of null (reading 'write')";
}

/** Gives the failures an operator can do something about a code of their own; others pass as they are. */
async function guarded<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await session.watched(work);
  } catch (error) {
    const code = String((error as { code?: unknown }).code ?? "");
    if (code === "TARGET_UNREACHABLE") session.lost = true;
    if (unreachableCodes.has(code) || wroteToNothing(error)) {
      session.lost = true;
      throw unreachable(code || "CONNECTION_CLOSED", error);
    }
    if (["28P01", "28000", "3D000"].includes(code)) {
      throw new RunbackError(
        "TARGET_REFUSED",
        `The database refused the connection (${code}): ${(error as Error).message}.`,
        {
          recovery: "Check user, password and database name in DATABASE_URL.",
          status: 503,
          cause: error,
        },
      );
    }
    if (code === "RB005") throw frozenTarget(error);
    if (code === "53100") throw targetFull(error);
    if (code === "55P03") {
      throw new RunbackError("LOCK_TIMEOUT", "Another session holds a lock this step needs.", {
        recovery: "The step was not written. Try again; if it repeats, look for long transactions on the target.",
        status: 409,
        cause: error,
      });
    }
    throw error;
  }
}
