import type { Column, Connection } from "@runback/core";
import { connectionLost, guarded } from "../errors.ts";
import type { Server } from "../server.ts";
import { over, type Session } from "../statements.ts";
import { columnForm } from "./row-form.ts";
import { RowWriter } from "./row-writer.ts";

/** One table's rows on their way. */
export interface CopyRequest {
  /** Quoted. */
  readonly table: string;
  /** Without the generated ones; never none, which the server does not allow. */
  readonly columns: readonly Pick<Column, "name" | "baseType">[];
}

/** A session that moves whole tables as bytes. */
export interface CopySession extends Connection {
  /** Bytes of one statement at most. */
  readonly maxAllowedPacket: number;
  readonly mariadb: boolean;
  /** Rows in stored order, in chunks of up to 256 KiB. What `consume` leaves unread is read and dropped. */
  copyOut<T>(
    request: CopyRequest,
    consume: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<{ readonly rows: number; readonly value: T }>;
}

/**
 * Bytes as they are stored, both ways: results are not converted, literals are binary strings (the driver follows the character set
 * of the client, which stays). `sql_mode` lets a row be written as it was, whatever mode it came in under; that it is the same is
 * compared afterwards.
 */
export const exactBytes =
  "SET SESSION character_set_connection = binary, character_set_results = NULL, sql_mode = 'NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'";

export function copySession(session: Session, server: Server): CopySession {
  const connection = over(session);
  return {
    ...connection,
    maxAllowedPacket: server.maxAllowedPacket,
    mariadb: server.flavour === "mariadb",
    copyOut: (request, consume) => copyOut(session, request, consume),
  };
}

/** Chunks that wait for a slow vault; the server waits with them. */
const waitingChunks = 4;

async function copyOut<T>(
  session: Session,
  { table, columns }: CopyRequest,
  consume: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<{ rows: number; value: T }> {
  if (session.ended) throw connectionLost("CONNECTION_CLOSED");
  const { connection } = session;
  const writer = new RowWriter();
  let [ended, dropping, paused] = [false, false, false];
  let failed: unknown;
  let wake = Promise.withResolvers<void>();
  // Without an index named the rows come as the clustered one has them: in the order of the primary key.
  const query = connection.query({
    sql: `SELECT ${columns.map((column) => columnForm(column).select).join(", ")} FROM ${table} USE INDEX ()`,
    rowsAsArray: true,
    typeCast: false,
  });
  query.on("result", (row: unknown) => {
    if (dropping) return;
    writer.row(row as (Buffer | null)[]);
    if (writer.chunks.length === 0) return;
    wake.resolve();
    if (writer.chunks.length < waitingChunks || paused) return;
    paused = true;
    connection.pause();
  });
  const stop = (error?: unknown) => {
    ended = true;
    failed ??= error;
    wake.resolve();
  };
  query.on("error", stop);
  query.on("end", () => stop());
  const closed = () => stop(connectionLost("CONNECTION_CLOSED"));
  connection.once("end", closed);
  connection.once("error", closed);
  const resume = () => {
    if (!paused) return;
    paused = false;
    connection.resume();
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = writer.chunks.shift();
      if (chunk !== undefined) {
        yield chunk;
        continue;
      }
      if (failed !== undefined) throw await refusal(failed);
      if (ended) {
        writer.end();
        if (writer.chunks.length === 0) return;
        continue;
      }
      wake = Promise.withResolvers();
      resume();
      await wake.promise;
    }
  }
  try {
    const value = await consume(chunks());
    dropping = true;
    resume();
    while (!ended) {
      wake = Promise.withResolvers();
      await wake.promise;
    }
    if (failed !== undefined) throw await refusal(failed);
    return { rows: writer.rows, value };
  } catch (error) {
    // Reading the rest of a large table to the end would take as long as a snapshot.
    if (!ended) {
      session.lost = true;
      dropping = true;
      connection.destroy();
    }
    throw failed === undefined ? error : await refusal(failed);
  } finally {
    connection.removeListener("end", closed);
    connection.removeListener("error", closed);
  }
}

/** A driver's error as everywhere else. */
async function refusal(error: unknown): Promise<unknown> {
  return await guarded(() => Promise.reject(error)).catch((translated: unknown) => translated);
}
