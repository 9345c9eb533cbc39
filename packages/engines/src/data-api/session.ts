import type { ExecuteStatementCommandOutput } from "@aws-sdk/client-rds-data";
import type { Value } from "@runback/core";
import { unreachable } from "./api-error.ts";
import type { Client } from "./client.ts";
import type { ResultColumn } from "./column.ts";
import type { Cursor } from "./read-rows.ts";

/** One transaction of the service. */
export interface Session {
  /** Statements of one transaction go one after the other: the service refuses a second one while the first runs. */
  execute(sql: string, values: readonly Value[]): Promise<ExecuteStatementCommandOutput>;
  /** Columns of a query as they were when this transaction first asked; it keeps the tables from changing since. */
  readonly described: Map<string, readonly ResultColumn[]>;
  /** Cursors that were declared in this transaction, by name. */
  readonly cursors: Map<string, Cursor>;
  /** Resolves when no statement is under way. */
  idle(): Promise<void>;
  /** Refuses whatever comes later: work that has not noticed that its transaction is over. */
  end(): void;
}

export function session(client: Client, transactionId: string): Session {
  let ended = false;
  let last: Promise<unknown> = Promise.resolve();
  return {
    described: new Map(),
    cursors: new Map(),
    execute: (sql, values) => {
      const next = last.then(() => {
        if (ended) throw unreachable("CONNECTION_CLOSED");
        return client.execute(sql, values, transactionId);
      });
      last = next.catch(() => {});
      return next;
    },
    idle: async () => {
      await last;
    },
    end: () => {
      ended = true;
    },
  };
}
