import { type Connection, type Engine, RunbackError, type Value } from "@runback/core";
import { dialect } from "../postgres/dialect.ts";
import { postgresEngine } from "../postgres/engine.ts";
import { locationOf, parseAddress } from "./address.ts";
import { capabilities } from "./capabilities.ts";
import { type DataApiOptions, openClient } from "./client.ts";
import { fromField, resultColumn } from "./column.ts";
import { loadRows } from "./load-rows.ts";
import { describe, readRows } from "./read-rows.ts";
import { runScript } from "./run-script.ts";
import { isQuery } from "./scan.ts";
import type { Session } from "./session.ts";
import { transact } from "./transact.ts";

/** Opens an Aurora PostgreSQL through its Data API: HTTPS and AWS credentials instead of a network path and a password. */
export function openDataApi(url: string, options: DataApiOptions = {}): Engine {
  const address = parseAddress(url);
  const client = openClient(address, options);
  /** What is asked outside a transaction gets one of its own. */
  const alone = <T>(work: (connection: Connection) => Promise<T>) => transact(client, (each) => work(over(each)));
  return {
    ...postgresEngine({
      name: "data-api",
      location: locationOf(address),
      capabilities,
      dialect,
      connection: {
        query: <R extends object>(text: string, params: readonly Value[] = []) => alone((tx) => tx.query<R>(text, params)),
        script: (text) => alone((tx) => tx.script(text)),
        savepoint: () => Promise.reject(new Error("a savepoint needs a transaction")),
        load: () => Promise.reject(new Error("a bulk load needs a transaction")),
      },
      transaction: (work, transaction) => transact(client, (each) => work(over(each)), transaction),
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

function over(current: Session): Connection {
  return {
    query: async <R extends object>(text: string, params: readonly Value[] = []) => {
      if (isQuery(text)) {
        let columns = current.described.get(text);
        if (columns === undefined) {
          columns = await describe(current.execute, text, params);
          current.described.set(text, columns);
        }
        const rows = (await readRows(current.execute, text, params, columns)) as R[];
        return { rows, count: rows.length };
      }
      const { records, columnMetadata, numberOfRecordsUpdated } = await current.execute(text, params);
      const columns = (columnMetadata ?? []).map(resultColumn);
      if (columns.length === 0) return { rows: [], count: numberOfRecordsUpdated ?? 0 };
      const rows = (records ?? []).map((record) =>
        Object.fromEntries(columns.map((column, index) => [column.name, fromField(record[index]!, column)])),
      ) as R[];
      return { rows, count: rows.length };
    },
    script: async (text) => {
      // What it changes may change what a query returns.
      current.described.clear();
      await runScript(current.execute, text);
    },
    savepoint: async (work) => {
      await current.execute("SAVEPOINT attempt", []);
      try {
        const result = await work(over(current));
        await current.execute("RELEASE SAVEPOINT attempt", []);
        return result;
      } catch (error) {
        await current.execute("ROLLBACK TO SAVEPOINT attempt", []);
        await current.execute("RELEASE SAVEPOINT attempt", []);
        throw error;
      }
    },
    load: (table, columns, rows) => loadRows(over(current), table, columns, rows),
  };
}
