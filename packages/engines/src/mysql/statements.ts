import type { Connection, Result, Value } from "@runback/core";
import type { PoolConnection } from "mysql2";
import { connectionLost, guarded } from "./errors.ts";
import { statementText } from "./statement-text.ts";

export interface Session {
  readonly connection: PoolConnection;
  /** Its transaction is over, whether or not the work in it has noticed: the connection may be somebody else's by now. */
  ended: boolean;
  /** A statement found its connection gone. */
  lost: boolean;
  /** Named locks were taken, which no commit releases. */
  locks: boolean;
}

/** Sends one text as it stands. */
export async function execute(session: Session, text: string): Promise<unknown> {
  if (session.ended) throw connectionLost("CONNECTION_CLOSED");
  try {
    return await guarded(
      () =>
        new Promise((resolve, reject) => {
          const { connection } = session;
          connection.query({ sql: text }, (error: Error | null, answer: unknown) =>
            error ? reject(error) : resolve(answer),
          );
        }),
    );
  } catch (error) {
    if ((error as { code?: unknown }).code === "TARGET_UNREACHABLE") session.lost = true;
    throw error;
  }
}

let savepoints = 0;

/** The port over one session. */
export function over(session: Session): Connection {
  const connection: Connection = {
    query: async <R extends object>(text: string, params: readonly Value[] = []): Promise<Result<R>> => {
      if (/\bGET_LOCK\s*\(/i.test(text)) session.locks = true;
      const answer = await execute(session, statementText(text, params));
      if (Array.isArray(answer)) return { rows: answer as R[], count: answer.length };
      return { rows: [], count: (answer as { affectedRows?: number }).affectedRows ?? 0 };
    },
    script: async (text) => {
      await execute(session, text);
    },
    savepoint: async (work) => {
      const name = `runback_${++savepoints}`;
      await execute(session, `SAVEPOINT ${name}`);
      try {
        const result = await work(connection);
        await execute(session, `RELEASE SAVEPOINT ${name}`);
        return result;
      } catch (error) {
        if (!session.lost && !session.ended) await execute(session, `ROLLBACK TO SAVEPOINT ${name}`);
        throw error;
      }
    },
    load: () => Promise.reject(new Error("a bulk load needs a transaction")),
  };
  return connection;
}
