import type { Connection, Value } from "@runback/core";
import { drizzle } from "#drizzle";

/**
 * The same functions with the errors that the session gave: Drizzle wraps each in one of its own, which has no code and
 * lists the statement's parameters.
 */
export function withPlainErrors<T extends object>(functions: T): T {
  const plain = Object.entries(functions).map(([name, call]: [string, (...args: unknown[]) => Promise<unknown>]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await call(...args);
      } catch (error) {
        const wrapped = error instanceof Error && "query" in error && "params" in error && error.cause !== undefined;
        throw wrapped ? error.cause : error;
      }
    },
  ]);
  return Object.fromEntries(plain) as T;
}

/** Drizzle over whichever session or transaction it is given: one schema for the server, the embedded engine and the Data API. */
export function orm(connection: Connection) {
  return drizzle(async (text, params) => {
    const { rows } = await connection.query<Record<string, unknown>>(text, params as Value[]);
    return { rows: rows.map((row) => Object.values(row)) };
  });
}
