import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PGlite, Results } from "@electric-sql/pglite";
import type { Credentials } from "../s3/sigv4.ts";
import { ApiProblem, databaseProblem } from "./api-problem.ts";
import { type Fault, Faults, type Operation } from "./faults.ts";
import { Types, toWire } from "./result-set.ts";
import { checkSignature } from "./signature.ts";
import { toStatement, type WireParameter } from "./statement.ts";
import { Transactions } from "./transactions.ts";

export interface DataApiServerOptions {
  readonly db: PGlite;
  readonly cluster: string;
  readonly secret: string;
  readonly database: string;
  readonly credentials: Credentials;
  readonly region: string;
  /** The service's clock, for its time limits. */
  readonly now?: () => number;
  /** What every session begins with. */
  readonly sessionSql?: string;
}

export interface DataApiServer {
  readonly endpoint: string;
  readonly faults: Faults;
  /** Calls so far, by operation. */
  readonly calls: Readonly<Record<string, number>>;
  /** Calls that wait for the one session. */
  readonly waiting: number;
  /** Ends transactions whose time is over by the clock. */
  expire(): Promise<void>;
  /** Statements that every later session begins with. */
  sessionSql: string;
  close(): Promise<void>;
}

const requestBytes = 4 * 1024 * 1024;
const statementCharacters = 65_536;
const maxSql = `Value at 'sql' failed to satisfy constraint: Member must have length less than or equal to ${statementCharacters}`;

interface Input {
  readonly resourceArn?: string;
  readonly secretArn?: string;
  readonly database?: string;
  readonly transactionId?: string;
  readonly sql?: string;
  readonly parameters?: readonly WireParameter[];
  readonly parameterSets?: readonly (readonly WireParameter[])[];
  readonly includeResultMetadata?: boolean;
  readonly resultSetOptions?: { readonly longReturnType?: string; readonly decimalReturnType?: string };
}

class Server {
  readonly faults = new Faults();
  readonly calls: Record<string, number> = {};
  sessionSql: string;
  readonly transactions: Transactions;
  readonly #options: DataApiServerOptions;
  readonly #db: PGlite;
  readonly #types: Types;

  constructor(options: DataApiServerOptions) {
    this.#options = options;
    this.#db = options.db;
    this.sessionSql = options.sessionSql ?? "";
    this.#types = new Types(options.db);
    this.transactions = new Transactions(options.now ?? Date.now, async (how) => {
      await this.#db.exec(how);
    });
  }

  async handle(message: IncomingMessage, out: ServerResponse): Promise<void> {
    const operation = (message.url ?? "/").slice(1) as Operation;
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    try {
      if (body.byteLength > requestBytes) {
        throw new ApiProblem("BadRequestException", "Request size exceeds the limit of 4194304 bytes", 413);
      }
      checkSignature(message, body, this.#options.credentials, this.#options.region);
      const input = JSON.parse(body.toString("utf8")) as Input;
      const fault = this.faults.take(operation, input.sql ?? "");
      this.calls[operation] = (this.calls[operation] ?? 0) + 1;
      if (fault?.when === "before") return fail(fault, out);
      this.#check(input);
      const answer = await this.#perform(operation, input);
      if (fault !== undefined) return fail(fault, out);
      send(out, 200, answer);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      refuse(out, error);
    }
  }

  #check({ resourceArn, secretArn, database, sql }: Input): void {
    const { cluster, secret, database: name } = this.#options;
    if (resourceArn !== cluster)
      throw new ApiProblem("BadRequestException", `HttpEndpoint is not enabled for resource ${resourceArn}`);
    if (secretArn !== secret)
      throw new ApiProblem("InvalidSecretException", "Secrets Manager can't find the specified secret.");
    if (database !== undefined && database !== name) {
      throw new ApiProblem("DatabaseErrorException", `FATAL: database "${database}" does not exist; SQLState: 3D000`);
    }
    if (sql !== undefined && sql.length > statementCharacters) throw new ApiProblem("BadRequestException", maxSql);
  }

  async #perform(operation: Operation, input: Input): Promise<unknown> {
    const { transactions } = this;
    switch (operation) {
      case "BeginTransaction":
        return { transactionId: await transactions.begin(() => this.#start()) };
      case "CommitTransaction":
        await transactions.end(input.transactionId ?? "", "COMMIT").catch((error: unknown) => {
          throw error instanceof ApiProblem ? error : databaseProblem(error);
        });
        return { transactionStatus: "Transaction Committed" };
      case "RollbackTransaction":
        await transactions.end(input.transactionId ?? "", "ROLLBACK");
        return { transactionStatus: "Rollback Complete" };
      case "Execute":
        return await this.#inTransaction(input.transactionId, () => this.#execute(input));
      case "BatchExecute":
        return await this.#inTransaction(input.transactionId, () => this.#batch(input));
      default:
        throw new ApiProblem("UnknownOperationException", "", 404);
    }
  }

  /** A session of the pool: nothing of an earlier one is left in it. */
  async #start(): Promise<void> {
    await this.#db.exec(`RESET ALL; ${this.sessionSql}`);
    await this.#db.exec("BEGIN");
  }

  async #inTransaction<T>(given: string | undefined, work: () => Promise<T>): Promise<T> {
    if (given !== undefined) return await this.transactions.use(given, work);
    const own = await this.transactions.begin(() => this.#start());
    try {
      const result = await this.transactions.use(own, work);
      await this.transactions.end(own, "COMMIT");
      return result;
    } catch (error) {
      await this.transactions.end(own, "ROLLBACK").catch(() => {});
      throw error;
    }
  }

  async #execute({ sql = "", parameters = [], includeResultMetadata, resultSetOptions = {} }: Input): Promise<unknown> {
    const { columnMetadata, ...result } = await this.#run(sql, parameters, resultSetOptions);
    return includeResultMetadata ? { ...result, columnMetadata } : result;
  }

  async #batch({ sql = "", parameterSets = [] }: Input): Promise<unknown> {
    for (const parameters of parameterSets) await this.#run(sql, parameters, {});
    return { updateResults: parameterSets.map(() => ({ generatedFields: [] })) };
  }

  async #run(sql: string, parameters: readonly WireParameter[], options: Input["resultSetOptions"] & object) {
    const statement = toStatement(sql, parameters);
    let raw: Results<(string | null)[]>;
    try {
      raw = await this.#db.query(statement.sql, statement.values, { paramTypes: statement.types, rowMode: "array" });
    } catch (error) {
      throw databaseProblem(error);
    }
    try {
      return await toWire(raw, this.#types, options);
    } catch (error) {
      await this.transactions.abort();
      throw error;
    }
  }
}

function send(out: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body);
  out.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text), ...headers });
  out.end(text);
}

function refuse(out: ServerResponse, { type, message, status }: Pick<ApiProblem, "type" | "message" | "status">): void {
  send(
    out,
    status,
    { message },
    { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/com.amazon.rdsdata/` },
  );
}

function fail({ answer }: Fault, out: ServerResponse): void {
  if (answer === "reset") out.socket?.resetAndDestroy();
  else refuse(out, { status: 400, ...answer });
}

/**
 * Speaks the RDS Data API on 127.0.0.1 over one PGlite: signatures, wire shapes, the limits of the service (one statement a
 * call, 1 MiB an answer, 64 KiB a row, 4 MiB a request, 65,536 characters a statement, typed parameters, the types it
 * knows, three minutes idle, 24 hours), and nothing of a session left over from one transaction to the next. It is stricter
 * where the guide leaves something open.
 */
export async function startDataApi(options: DataApiServerOptions): Promise<DataApiServer> {
  const server = new Server(options);
  const http = createServer({ keepAliveTimeout: 60_000 }, (message, out) => {
    server.handle(message, out).catch((error: unknown) => {
      process.stderr.write(`data api test server: ${error instanceof Error ? error.stack : String(error)}\n`);
      out.destroy();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    faults: server.faults,
    calls: server.calls,
    get waiting() {
      return server.transactions.waiting;
    },
    expire: () => server.transactions.expire(),
    get sessionSql() {
      return server.sessionSql;
    },
    set sessionSql(sql) {
      server.sessionSql = sql;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeAllConnections();
      await closed;
    },
  };
}
