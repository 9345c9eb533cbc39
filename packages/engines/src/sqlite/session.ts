import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Connection, Result, TableRef, TextRow, Value } from "@runback/core";
import { id, instantStage, table as tableName } from "./dialect.ts";
import { boolean, instant, registerFunctions } from "./functions.ts";
import { isBusy, plainError } from "./plain-error.ts";

/** Statements kept prepared. SQLite prepares them again by itself when the schema changed. */
const statementsKept = 300;

/** Milliseconds a statement waits for another process in SQLite itself, where nothing else can happen meanwhile. */
const busyMs = 50;

export interface SessionOptions {
  /**
   * Builds what others have defined, row by row: no foreign keys, strings in double quotes as SQLite itself takes them, and writing
   * to what virtual tables keep their content in.
   */
  readonly builds?: boolean;
}

/** One handle on the file. */
export class Session {
  readonly db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, { builds = false }: SessionOptions = {}) {
    try {
      this.db = new DatabaseSync(path, {
        timeout: busyMs,
        readBigInts: true,
        enableForeignKeyConstraints: !builds,
        enableDoubleQuotedStringLiterals: builds,
        defensive: !builds,
      });
      registerFunctions(this.db);
    } catch (error) {
      throw plainError(error);
    }
  }

  run<R extends object>(text: string, params: readonly Value[] = []): Result<R> {
    try {
      const statement = this.#prepare(text);
      const given = Object.fromEntries(params.map((value, at) => [`$${at + 1}`, bound(value)]));
      if (statement.columns().length === 0) return { rows: [], count: Number(statement.run(given).changes) };
      const rows = (statement.all(given) as Record<string, unknown>[]).map(readable) as R[];
      return { rows, count: rows.length };
    } catch (error) {
      if (isBusy(error)) throw error;
      throw plainError(error);
    }
  }

  exec(text: string): void {
    try {
      this.db.exec(text);
    } catch (error) {
      if (isBusy(error)) throw error;
      throw plainError(error);
    }
  }

  #prepare(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement) return statement;
    statement = this.db.prepare(text);
    statement.setAllowUnknownNamedParameters(true);
    if (this.#statements.size >= statementsKept) this.#statements.delete(this.#statements.keys().next().value!);
    this.#statements.set(text, statement);
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.db.close();
  }
}

/** Whole numbers are INTEGER: the driver alone would store every number as REAL. */
function bound(value: Value): string | number | bigint | null {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0)) return BigInt(value);
  return value;
}

/** Integers that a number holds exactly are numbers, larger ones text. */
function readable(row: Record<string, unknown>): Record<string, unknown> {
  for (const name in row) {
    const value = row[name];
    if (typeof value === "bigint") {
      const number = Number(value);
      row[name] = Number.isSafeInteger(number) ? number : String(value);
    } else if (value instanceof Uint8Array) row[name] = Buffer.from(value);
  }
  return { ...row };
}

/** A transaction's connection. What SQLite itself rolled back (a full disk, RAISE(ROLLBACK)) is over, and nothing runs beside it. */
export function transactionOver(session: Session, ended: () => boolean): Connection {
  const alive = () => {
    if (ended() || !session.db.isTransaction) throw new Error("the transaction is over");
  };
  const connection: Connection = {
    query: async <R extends object>(text: string, params?: readonly Value[]) => {
      alive();
      return session.run<R>(text, params);
    },
    script: async (text) => {
      alive();
      session.exec(text);
    },
    savepoint: async (work) => {
      alive();
      session.exec("SAVEPOINT runback_attempt");
      try {
        const result = await work(connection);
        alive();
        session.exec("RELEASE runback_attempt");
        return result;
      } catch (error) {
        if (session.db.isTransaction) session.exec("ROLLBACK TO runback_attempt; RELEASE runback_attempt");
        throw error;
      }
    },
    load: async (table, columns, rows) => {
      alive();
      return await load(session, table, columns, rows);
    },
  };
  return connection;
}

/** One prepared statement for all rows: within a transaction that is the bulk load SQLite has. */
async function load(
  session: Session,
  table: TableRef,
  columns: readonly string[],
  rows: AsyncIterable<TextRow>,
): Promise<number> {
  const declared = session.run<{ name: string; type: string }>("SELECT name, type FROM pragma_table_info($1)", [
    table.schema === "runback" ? `runback_${table.name}` : table.name,
  ]).rows;
  const typeOf = (name: string) => declared.find((column) => column.name === name)?.type ?? "";
  const instants = columns.flatMap((name, at) => (typeOf(name) === instantStage ? [at] : []));
  const booleans = columns.flatMap((name, at) => (typeOf(name) === "BOOLEAN" ? [at] : []));
  try {
    const insert = session.db.prepare(
      `INSERT INTO ${tableName(table)} (${columns.map(id).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
    );
    let loaded = 0;
    for await (const row of rows) {
      const values: (string | bigint | null)[] = [...row];
      for (const at of instants) values[at] = orNull(row[at], instant);
      for (const at of booleans) values[at] = orNull(row[at], boolean);
      insert.run(...values);
      loaded++;
    }
    return loaded;
  } catch (error) {
    throw plainError(error);
  }
}

function orNull<T>(text: string | null | undefined, read: (text: string) => T): T | null {
  return text === null || text === undefined ? null : read(text);
}
