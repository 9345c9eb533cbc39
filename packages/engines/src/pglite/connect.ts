import type { Transaction } from "@electric-sql/pglite";
import {
  type Dialect,
  type Engine,
  RunbackError,
  type TextRow,
  type TransactionOptions,
  type Value,
} from "@runback/core";
import { copyText } from "../postgres/copy-text.ts";
import { dialect, id, table as tableName } from "../postgres/dialect.ts";
import { postgresEngine } from "../postgres/engine.ts";
import { type CopySession, copyOptions, copyTarget } from "../postgres/snapshots/copy-session.ts";
import { gather } from "../postgres/snapshots/gather.ts";
import { capabilities } from "./capabilities.ts";
import { readBlocks } from "./read-blocks.ts";
import { wholeRows } from "./whole-rows.ts";

export interface PgliteOptions {
  /** A data directory as `dumpDataDir` gives it, to start from. */
  readonly loadDataDir?: Blob | File;
}

/** The server is this process: a killed one would take unlogged staging with it, and its run could not go on. */
const loggedStage: Dialect["createStage"] = (ref, content) =>
  dialect.createStage(ref, content).replace(/^CREATE UNLOGGED /, "CREATE ");

const asText = (text: string) => text;

/** The same exactness as the server driver: dates, numerics and 64-bit integers stay text. */
const parsers = Object.fromEntries([20, 1700, 1082, 1114, 1184, 1083, 1266, 1186].map((oid) => [oid, asText]));
const serializers = Object.fromEntries([114, 3802, 1184, 1114, 1082, 20, 1700].map((oid) => [oid, String]));

/**
 * PostgreSQL inside this process, on a folder or in memory (`pglite://` or `pglite://memory`). One process and one
 * session: transactions wait for each other.
 */
export async function openPglite(directory: string | undefined, options: PgliteOptions = {}): Promise<Engine> {
  // Only when it is used: it is megabytes of WebAssembly, and functions are deployed without it.
  const { PGlite } = await import("@electric-sql/pglite");
  const db = await PGlite.create({
    ...(directory === undefined ? {} : { dataDir: directory }),
    ...(options.loadDataDir === undefined ? {} : { loadDataDir: options.loadDataDir }),
    parsers,
    serializers,
  });
  await db.exec("SET TimeZone = 'UTC'");
  const connection = over(db);
  const transaction = <T>(work: (tx: CopySession) => Promise<T>, { isolation, readOnly }: TransactionOptions = {}) =>
    db.transaction(async (tx) => {
      if (isolation === "snapshot" || readOnly) {
        await tx.exec(
          `SET TRANSACTION ISOLATION LEVEL ${isolation === "snapshot" ? "REPEATABLE READ" : "READ COMMITTED"}${readOnly ? " READ ONLY" : ""}`,
        );
      }
      return await work(over(tx));
    });
  return postgresEngine({
    name: "pglite",
    location: `pglite://${directory ?? "memory"}`,
    capabilities,
    dialect: { ...dialect, createStage: loggedStage },
    connection,
    transaction,
    copies: { connection, transaction, parallel: false },
    close: () => db.close(),
  });
}

function over(session: Pick<Transaction, "query" | "exec">): CopySession {
  return {
    query: async <R extends object>(text: string, params: readonly Value[] = []) => {
      const { rows, affectedRows } = await session.query<R>(text, params as Value[]);
      return { rows, count: rows.length > 0 ? rows.length : (affectedRows ?? 0) };
    },
    script: async (text) => {
      await session.exec(text);
    },
    savepoint: async (work) => {
      await session.exec("SAVEPOINT attempt");
      try {
        const result = await work(over(session));
        await session.exec("RELEASE SAVEPOINT attempt");
        return result;
      } catch (error) {
        await session.exec("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt");
        throw error;
      }
    },
    load: async (table, columns, rows) => {
      let loaded = 0;
      // The engine reads COPY input from one blob, so rows go in by chunks that stay small in memory.
      for await (const chunk of chunks(rows)) {
        const parts: Buffer[] = [];
        for await (const part of copyText(chunk, (count) => {
          loaded += count;
        }))
          parts.push(part);
        const blob = new Blob(parts);
        await session.query(`COPY ${tableName(table)} (${columns.map(id).join(", ")}) FROM '/dev/blob'`, [], { blob });
      }
      return loaded;
    },
    copyOut: (request, consume) => consume(gather(readBlocks(session, request))),
    copyIn: async (request, chunks) => {
      const copy = `COPY ${copyTarget(request)} FROM '/dev/blob' ${copyOptions(request.binary, true)}`;
      for await (const part of wholeRows(chunks, request.binary))
        await session.query(copy, [], { blob: new Blob([part]) });
    },
  };
}

const rowsPerCopy = 20_000;

async function* chunks(rows: AsyncIterable<TextRow>): AsyncIterable<AsyncIterable<TextRow>> {
  let chunk: TextRow[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length >= rowsPerCopy) {
      yield asyncOf(chunk);
      chunk = [];
    }
  }
  if (chunk.length > 0) yield asyncOf(chunk);
}

async function* asyncOf(rows: readonly TextRow[]): AsyncIterable<TextRow> {
  yield* rows;
}

/** `pglite://<dir>`, `pglite://memory`. @throws `TARGET_URL_INVALID` */
export function pgliteDirectory(url: string): string | undefined {
  const directory = url.slice("pglite://".length);
  if (!url.startsWith("pglite://")) {
    throw new RunbackError("TARGET_URL_INVALID", "A pglite target is written pglite://<directory>.", {
      recovery: "Correct DATABASE_URL.",
    });
  }
  return directory === "" || directory === "memory" ? undefined : directory;
}
