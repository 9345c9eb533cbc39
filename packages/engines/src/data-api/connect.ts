import type { Field } from "@aws-sdk/client-rds-data";
import { type Connection, type Engine, type Result, RunbackError, type Value } from "@runback/core";
import { dialect } from "../postgres/dialect.ts";
import { postgresEngine } from "../postgres/engine.ts";
import type { CopySession } from "../postgres/snapshots/copy-session.ts";
import { locationOf, parseAddress } from "./address.ts";
import { capabilities } from "./capabilities.ts";
import { type DataApiOptions, openClient } from "./client.ts";
import { fromField, type ResultColumn, resultColumn } from "./column.ts";
import { copyIn } from "./copy-in.ts";
import { copyOut } from "./copy-out.ts";
import { restoredRows } from "./limits.ts";
import { loadRows } from "./load-rows.ts";
import { describe, openCursor, readRows } from "./read-rows.ts";
import { runScript } from "./run-script.ts";
import { isQuery } from "./scan.ts";
import type { Session } from "./session.ts";
import { transact } from "./transact.ts";

/** Opens an Aurora PostgreSQL through its Data API: HTTPS and AWS credentials instead of a network path and a password. */
export async function openDataApi(url: string, options: DataApiOptions = {}): Promise<Engine> {
  const address = parseAddress(url);
  const client = await openClient(address, options);
  /** What is asked outside a transaction gets one of its own. */
  const alone = <T>(work: (connection: Connection) => Promise<T>) => transact(client, (each) => work(over(each)));
  const connection: Connection = {
    query: <R extends object>(text: string, params: readonly Value[] = []) => alone((tx) => tx.query<R>(text, params)),
    script: (text) => alone((tx) => tx.script(text)),
    savepoint: () => Promise.reject(new Error("a savepoint needs a transaction")),
    load: () => Promise.reject(new Error("a bulk load needs a transaction")),
  };
  return {
    ...postgresEngine({
      name: "data-api",
      location: locationOf(address),
      capabilities,
      dialect,
      connection,
      transaction: (work, transaction) => transact(client, (each) => work(over(each)), transaction),
      copies: {
        connection: copying(connection),
        parallel: false,
        textOnly: true,
        rowsAtMost: restoredRows,
        transaction: (work, transaction) => transact(client, (each) => work(copying(over(each))), transaction),
      },
      close: async () => client.close(),
    }),
    sessionEnvironment: () =>
      Promise.reject(
        new RunbackError("RUN_NOT_NAMED", "Programs cannot open sessions of a data-api target.", {
          recovery: "Nothing was started. Use the cluster's postgres:// address.",
        }),
      ),
  };
}

/** The service has no COPY: rows are read as COPY would spell them, and loaded as JSON. */
function copying(connection: Connection): CopySession {
  return {
    ...connection,
    copyOut: (request, consume) => copyOut(connection, request, consume),
    copyIn: (request, chunks) => copyIn(connection, request, chunks),
  };
}

const declares = /^\s*DECLARE ([a-z_]+) NO SCROLL CURSOR FOR\s([\s\S]*)$/;
const fetches = /^FETCH (\d+) FROM ([a-z_]+)$/;

function over(current: Session): Connection {
  const { execute } = current;
  const columnsOf = async (text: string, params: readonly Value[]) => {
    const known = current.described.get(text) ?? (await describe(execute, text, params));
    current.described.set(text, known);
    return known;
  };
  const read = async (text: string, params: readonly Value[]): Promise<Result<Record<string, unknown>>> => {
    if (isQuery(text)) return counted(await readRows(execute, text, params, await columnsOf(text, params)));
    const fetch = fetches.exec(text);
    const cursor = fetch === null ? undefined : current.cursors.get(fetch[2]!);
    if (cursor !== undefined) return counted(await cursor.fetch(Number(fetch![1])));
    const answer = await execute(text, params);
    const columns = (answer.columnMetadata ?? []).map(resultColumn);
    if (columns.length === 0) return { rows: [], count: answer.numberOfRecordsUpdated ?? 0 };
    return counted((answer.records ?? []).map((record) => toRow(record, columns)));
  };
  return {
    query: <R extends object>(text: string, params: readonly Value[] = []) => read(text, params) as Promise<Result<R>>,
    script: async (text) => {
      // What it changes may change what a query returns.
      current.described.clear();
      const declared = declares.exec(text);
      if (declared === null) return await runScript(execute, text);
      const [, name, sql] = declared as unknown as [string, string, string];
      current.cursors.set(name, await openCursor(execute, name, sql, [], await describe(execute, sql, [])));
    },
    savepoint: async (work) => {
      await execute("SAVEPOINT attempt", []);
      try {
        const result = await work(over(current));
        await execute("RELEASE SAVEPOINT attempt", []);
        return result;
      } catch (error) {
        await execute("ROLLBACK TO SAVEPOINT attempt", []);
        await execute("RELEASE SAVEPOINT attempt", []);
        throw error;
      }
    },
    load: (table, columns, rows) => loadRows(over(current), table, columns, rows),
  };
}

function counted<R>(rows: R[]): Result<R> {
  return { rows, count: rows.length };
}

function toRow(record: Field[], columns: readonly ResultColumn[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column, index) => [column.name, fromField(record[index]!, column)]));
}
