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
  return drizzle(async (text, params, _method, typings) => {
    const { rows } = await connection.query<Record<string, unknown>>(typed(text, typings), params as Value[]);
    return { rows: rows.map((row) => Object.values(row)) };
  });
}

const casts: Readonly<Record<string, string>> = { json: "jsonb", timestamp: "timestamptz", uuid: "uuid" };

/** Drizzle's statement with its values cast to their columns' types: not every driver sends a text as of unknown type. */
function typed(text: string, typings: readonly string[] = []): string {
  // Drizzle writes no literals, so every $n is a placeholder.
  return text.replace(/\$(\d+)/g, (placeholder, n: string) => {
    const cast = casts[typings[Number(n) - 1] ?? "none"];
    return cast === undefined ? placeholder : `${placeholder}::${cast}`;
  });
}
