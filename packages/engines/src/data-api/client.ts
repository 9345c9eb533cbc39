import type { ExecuteStatementCommandOutput, RDSDataClientConfig } from "@aws-sdk/client-rds-data";
import { RunbackError, type Value } from "@runback/core";
import type { Address } from "./address.ts";
import { isUnanswered, toEngineError, unreachable, wasNotExecuted } from "./api-error.ts";
import { requestBytes, statementCharacters } from "./limits.ts";
import { namedParameters } from "./parameters.ts";
import { namePlaceholders } from "./scan.ts";

export interface DataApiOptions {
  /** Where the SDK does not find them by itself. */
  readonly credentials?: RDSDataClientConfig["credentials"];
  /** Milliseconds to wait in all for a cluster that wakes up or a service that asks to slow down; default 120,000. */
  readonly patienceMs?: number;
  /** Milliseconds after which a call without an answer counts as lost; default 70,000. The service itself gives up after 45 s. */
  readonly silenceMs?: number;
  /** How pauses are made; for tests. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** The five calls, each sent once unless it is certain that it was not executed. */
export interface Client {
  begin(): Promise<string>;
  execute(sql: string, values: readonly Value[], transactionId: string): Promise<ExecuteStatementCommandOutput>;
  commit(transactionId: string): Promise<void>;
  rollback(transactionId: string): Promise<void>;
  close(): void;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function openClient(address: Address, options: DataApiOptions): Promise<Client> {
  // Only when it is used: most targets are reached otherwise.
  const {
    BeginTransactionCommand,
    CommitTransactionCommand,
    ExecuteStatementCommand,
    RDSDataClient,
    RollbackTransactionCommand,
  } = await import("@aws-sdk/client-rds-data");
  const silenceMs = options.silenceMs ?? 70_000;
  const sdk = new RDSDataClient({
    region: address.region,
    ...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    // The SDK would send a statement again whose answer was lost, and an INSERT would be there twice.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 10_000, requestTimeout: silenceMs, throwOnRequestTimeout: true },
  });
  const target = { resourceArn: address.cluster, secretArn: address.secret };
  const patiently = patience(options);
  return {
    begin: () =>
      // A transaction whose id was lost holds nothing and is ended by the service.
      patiently(async () => {
        const begun = await sdk.send(new BeginTransactionCommand({ ...target, database: address.database }));
        if (begun.transactionId === undefined) throw unreachable("no transaction");
        return begun.transactionId;
      }, isUnanswered),
    execute: (sql, values, transactionId) => {
      const named = values.length === 0 ? sql : namePlaceholders(sql);
      refuseTooLarge(named, values);
      return patiently(() =>
        sdk.send(
          new ExecuteStatementCommand({
            ...target,
            database: address.database,
            transactionId,
            sql: named,
            parameters: namedParameters(values),
            includeResultMetadata: true,
            // Numbers that JSON cannot hold arrive as text.
            resultSetOptions: { longReturnType: "STRING", decimalReturnType: "STRING" },
          }),
        ),
      );
    },
    commit: async (transactionId) => {
      await patiently(() => sdk.send(new CommitTransactionCommand({ ...target, transactionId })));
    },
    rollback: async (transactionId) => {
      await sdk.send(new RollbackTransactionCommand({ ...target, transactionId }));
    },
    close: () => sdk.destroy(),
  };
}

/** Repeats what was not executed, a little later each time. A cluster that paused takes some 15 s to wake up. */
function patience({ patienceMs = 120_000, pause = sleep }: DataApiOptions) {
  return async <T>(call: () => Promise<T>, alsoRepeat: (error: unknown) => boolean = () => false): Promise<T> => {
    let waited = 0;
    let unanswered = 0;
    for (let wait = 200; ; wait = Math.min(wait * 2, 5_000)) {
      try {
        return await call();
      } catch (error) {
        const again = wasNotExecuted(error) || (alsoRepeat(error) && ++unanswered <= 3);
        if (!again || waited >= patienceMs) throw toEngineError(error);
        // Half of it by chance, so that many who were refused together do not come back together.
        const ms = wait * (0.5 + Math.random() / 2);
        waited += ms;
        await pause(ms);
      }
    }
  };
}

function refuseTooLarge(sql: string, values: readonly Value[]): void {
  const bytes = Buffer.byteLength(JSON.stringify([sql, values]));
  if (sql.length <= statementCharacters && bytes <= requestBytes) return;
  throw new RunbackError(
    "REQUEST_TOO_LARGE",
    `A statement of ${sql.length} characters, ${bytes} bytes with its values, is more than the Data API takes.`,
    {
      recovery:
        "The step was not written; committed steps are kept. Use the cluster's postgres:// address, which has no such limit, and resume the run.",
      status: 413,
    },
  );
}
