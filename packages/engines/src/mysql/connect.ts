import { type Connection, type Engine, redact, type TransactionOptions } from "@runback/core";
import { createPool, type Pool, type PoolConnection } from "mysql2";
import { watchSilence } from "../postgres/watch-silence.ts";
import { capabilities } from "./capabilities.ts";
import { dialect } from "./dialect.ts";
import { mysqlEngine } from "./engine.ts";
import { connectionLost, guarded } from "./errors.ts";
import { loadRows } from "./load-rows.ts";
import { type Server, unknownServer } from "./server.ts";
import { pinSession } from "./session.ts";
import { type CopySession, copySession } from "./snapshots/copy-session.ts";
import { execute, over, type Session } from "./statements.ts";
import { connectionOptions } from "./url.ts";

export interface MysqlOptions {
  /** Sessions at most; default 4. */
  readonly max?: number;
  /** Seconds to wait for a connection; default 10. */
  readonly connectTimeout?: number;
  /** Milliseconds without any answer, to new connections neither, after which the server counts as gone; default 30,000. */
  readonly silenceMs?: number;
}

/** Opens a MySQL or MariaDB server (`mysql://`, `mariadb://`). Connects when the first statement needs it. */
export function openMysql(url: string, options: MysqlOptions = {}): Engine {
  const server = unknownServer();
  const config = { ...connectionOptions(url), connectTimeout: (options.connectTimeout ?? 10) * 1000 };
  const pool = createPool({ ...config, connectionLimit: options.max ?? 4, idleTimeout: 20_000 });
  const open = new Set<PoolConnection>();
  pool.on("connection", (connection) => {
    open.add(connection);
    connection.on("end", () => open.delete(connection));
  });
  const probe = createPool({ ...config, connectionLimit: 1, idleTimeout: 1 });
  const watched = watchSilence(
    options.silenceMs ?? 30_000,
    async (ms) => await answers(probe, ms),
    () => {
      for (const connection of open) connection.emit("error", connectionLost("SILENT"));
      for (const connection of open) connection.destroy();
    },
  );
  const pinned = new WeakSet<object>();

  /** A session with everything pinned that results depend on. */
  const acquire = () =>
    guarded(async () => {
      const connection = await new Promise<PoolConnection>((resolve, reject) =>
        pool.getConnection((error, got) => (error ? reject(error) : resolve(got))),
      );
      if (!pinned.has(connection)) {
        try {
          await pin(connection, server);
        } catch (error) {
          connection.destroy();
          throw error;
        }
        pinned.add(connection);
      }
      return connection;
    });

  const once = <T>(work: (connection: Connection) => Promise<T>): Promise<T> =>
    watched(async () => {
      const connection = await acquire();
      const session: Session = { connection, ended: false, lost: false, locks: false };
      try {
        return await work(over(session));
      } finally {
        session.ended = true;
        if (session.lost) connection.destroy();
        else connection.release();
      }
    });

  const plain: Connection = {
    query: (text, params) => once((connection) => connection.query(text, params)),
    script: (text) => once((connection) => connection.script(text)),
    savepoint: () => Promise.reject(new Error("a savepoint needs a transaction")),
    load: () => Promise.reject(new Error("a bulk load needs a transaction")),
  };

  const transaction = <T>(work: (tx: Connection) => Promise<T>, modes: TransactionOptions = {}): Promise<T> =>
    watched(async () => {
      const connection = await acquire();
      const session: Session = { connection, ended: false, lost: false, locks: false };
      const tx: Connection = {
        ...over(session),
        load: (table, columns, rows) => loadRows(tx, server, table, columns, rows),
      };
      let result: T;
      try {
        await execute(session, begin(modes));
        result = await work(tx);
        await execute(session, `COMMIT; ${reset}`);
      } catch (error) {
        session.ended = true;
        // A session that is lost, or does not roll back, is not given to anybody else: the server rolls back when it closes.
        if (session.lost) connection.destroy();
        else await clean(session, `ROLLBACK; ${reset}`);
        throw error;
      }
      session.ended = true;
      if (session.locks) await clean(session, "DO RELEASE_ALL_LOCKS()");
      else connection.release();
      return result;
    });

  /** A session that moves whole tables. Nobody else gets it with its settings: outside a transaction it is closed. */
  const copying = <T>(work: (session: CopySession) => Promise<T>, modes?: TransactionOptions): Promise<T> =>
    watched(async () => {
      const connection = await acquire();
      pinned.delete(connection);
      const session: Session = { connection, ended: false, lost: false, locks: false };
      try {
        if (modes !== undefined) await execute(session, begin(modes));
        const result = await work(copySession(session, server));
        if (modes !== undefined) await execute(session, "COMMIT");
        return result;
      } finally {
        session.ended = true;
        if (session.lost || modes === undefined) connection.destroy();
        else await clean(session, "ROLLBACK");
      }
    });

  return mysqlEngine({
    name: "mysql",
    location: redact(url),
    capabilities,
    dialect,
    connection: plain,
    transaction,
    copying,
    beside: (database) => {
      const other = new URL(url);
      other.pathname = `/${encodeURIComponent(database)}`;
      return openMysql(other.href, options);
    },
    close: async () => {
      await Promise.all([end(pool), end(probe)]);
      for (const connection of open) connection.destroy();
    },
  });
}

async function clean(session: Session, text: string): Promise<void> {
  try {
    await execute({ ...session, ended: false }, session.locks ? `${text}; DO RELEASE_ALL_LOCKS()` : text);
    session.connection.release();
  } catch {
    session.connection.destroy();
  }
}

/** Back to what a session has outside transactions. The run's name is never left on a session that goes back to the pool. */
const reset =
  "SET autocommit = 1, @runback_run_id = NULL, @runback_reverting = NULL; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";

/**
 * DDL commits, and what follows it would run statement by statement; without autocommit it is a transaction again.
 * Locking reads of READ COMMITTED leave the gaps between rows to others.
 */
function begin({ isolation, readOnly, lockTimeoutMs }: TransactionOptions): string {
  const seconds = Math.max(1, Math.ceil((lockTimeoutMs ?? 50_000) / 1000));
  const level = isolation === "snapshot" ? "REPEATABLE READ" : "READ COMMITTED";
  const modes = `SET SESSION TRANSACTION ISOLATION LEVEL ${level}, ${readOnly ? "READ ONLY" : "READ WRITE"};
    SET SESSION innodb_lock_wait_timeout = ${seconds},
    lock_wait_timeout = ${lockTimeoutMs === undefined ? 86_400 : seconds}, @runback_run_id = NULL, @runback_reverting = NULL, autocommit = 0`;
  return `${modes}; ${isolation === "snapshot" ? "START TRANSACTION WITH CONSISTENT SNAPSHOT" : "START TRANSACTION"}`;
}

async function pin(connection: PoolConnection, server: Server): Promise<void> {
  const session: Session = { connection, ended: false, lost: false, locks: false };
  const { rows } = await over(session).query<{ version: string; packet: string | number }>(
    "SELECT version() AS version, @@max_allowed_packet AS packet",
  );
  const { version, packet } = rows[0]!;
  server.flavour = /mariadb/i.test(version) ? "mariadb" : "mysql";
  server.maxAllowedPacket = Number(packet);
  await execute(session, `${pinSession(server.flavour === "mariadb")}; ${reset}`);
}

async function answers(probe: Pool, ms: number): Promise<boolean> {
  const asked = new Promise<boolean>((resolve) => probe.query("SELECT 1", (error) => resolve(!error?.fatal)));
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  timer.unref();
  return await Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

function end(pool: Pool): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  pool.end(() => resolve());
  const timer = setTimeout(resolve, 2_000);
  return promise.finally(() => clearTimeout(timer));
}
