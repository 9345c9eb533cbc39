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
import { capabilities } from "./capabilities.ts";
import { copyText } from "./copy-text.ts";
import { dialect, id, table as tableName } from "./dialect.ts";
import { postgresEngine } from "./engine.ts";

export interface PostgresOptions {
  /** Sessions at most; default 4. */
  readonly max?: number;
  /** Seconds to wait for a connection; default 10. */
  readonly connectTimeout?: number;
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
  const sql = postgres(url, {
    max: options.max ?? 4,
    connect_timeout: options.connectTimeout ?? 10,
    idle_timeout: 20,
    // Poolers in transaction mode lose named statements; every query here is sent once.
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
    types: exactTypes,
    connection: { application_name: "runback" },
  });
  const connection = over(sql);
  const begin = <T>(work: (tx: Connection) => Promise<T>, transaction: TransactionOptions = {}) =>
    guarded(
      () =>
        sql.begin(modes(transaction), async (tx) => {
          if (transaction.lockTimeoutMs !== undefined)
            await tx.unsafe(`SET LOCAL lock_timeout = ${Math.round(transaction.lockTimeoutMs)}`);
          if (transaction.bulk) await tx.unsafe("SET LOCAL work_mem = '128MB'");
          return await work(over(tx));
        }) as Promise<T>,
    );
  return postgresEngine({
    name: "postgres",
    location: redact(url),
    capabilities,
    dialect,
    connection,
    transaction: begin,
    close: () => sql.end({ timeout: 5 }),
  });
}

function modes({ isolation, readOnly }: TransactionOptions): string {
  return `ISOLATION LEVEL ${isolation === "snapshot" ? "REPEATABLE READ" : "READ COMMITTED"}${readOnly ? " READ ONLY" : ""}`;
}

function over(sql: postgres.Sql | postgres.TransactionSql): Connection {
  return {
    query: <R extends object>(text: string, params: readonly Value[] = []) =>
      guarded(async (): Promise<Result<R>> => {
        const rows = await sql.unsafe(text, params as (string | number | boolean | null)[]);
        return { rows: [...rows] as unknown as R[], count: rows.count };
      }),
    script: (text) =>
      guarded(async () => {
        await sql.unsafe(text).simple();
      }),
    savepoint: <T>(work: (tx: Connection) => Promise<T>) => {
      if (!("savepoint" in sql)) throw new Error("a savepoint needs a transaction");
      return sql.savepoint((inner) => work(over(inner))) as Promise<T>;
    },
    load: (table, columns, rows) =>
      guarded(async () => {
        let loaded = 0;
        const copy = await sql.unsafe(`COPY ${tableName(table)} (${columns.map(id).join(", ")}) FROM STDIN`).writable();
        await pipeline(
          Readable.from(
            copyText(rows, (count) => {
              loaded = count;
            }),
            { objectMode: false },
          ),
          copy,
        );
        return loaded;
      }),
  };
}

const unreachable = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "ECONNRESET",
  "EHOSTUNREACH",
  "EPIPE",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "57P01",
  "57P02",
  "57P03",
  "08006",
  "08001",
]);

/** Gives the failures an operator can do something about a code of their own; others pass as they are. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = String((error as { code?: unknown }).code ?? "");
    if (unreachable.has(code)) {
      throw new RunbackError("TARGET_UNREACHABLE", `The database does not answer (${code}).`, {
        recovery:
          "Check DATABASE_URL, that the server runs, and the network. Committed steps are kept: resume the run when it is back.",
        status: 503,
        cause: error,
      });
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
