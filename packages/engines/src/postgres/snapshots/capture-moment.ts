import {
  type Connection,
  type JournalPosition,
  RunbackError,
  type SnapshotMoment,
  type SnapshotSchema,
  type SnapshotTable,
} from "@runback/core";
import { id, table as tableName } from "../dialect.ts";
import type { CopyRequest, CopySession } from "./copy-session.ts";
import { hasOwnTables } from "./describe-schema.ts";

/** A long read is nobody's idle transaction, and reads from the start of a table: stored order is what digests compare. */
export const readerSettings = `SELECT set_config('synchronize_seqscans', 'off', true), set_config('statement_timeout', '0', true),
  set_config('idle_in_transaction_session_timeout', '0', true)`;

/** One moment seen through one or more sessions; each is busy with one table at a time. */
export function momentOver(
  schema: SnapshotSchema,
  journal: JournalPosition | null,
  sessions: readonly CopySession[],
): SnapshotMoment {
  const free = [...sessions];
  const waiting: ((session: CopySession) => void)[] = [];
  const take = async () => free.pop() ?? (await new Promise<CopySession>((resolve) => waiting.push(resolve)));
  const give = (session: CopySession) => {
    const next = waiting.shift();
    if (next) next(session);
    else free.push(session);
  };
  return {
    schema,
    journal,
    readers: sessions.length,
    read: async (table, consume) => {
      const session = await take();
      try {
        const { rows } = await session.query<{ rows: string }>(
          `SELECT count(*)::text AS rows FROM ONLY ${tableName(table)}`,
        );
        const value = await session.copyOut(copyRequest(table), consume);
        return { rows: Number(rows[0]!.rows), value };
      } catch (error) {
        throw hidden(error) ?? error;
      } finally {
        give(session);
      }
    },
  };
}

/** @throws `SNAPSHOT_ENCODING_UNKNOWN` for a form that only a newer version knows */
export function copyRequest(table: SnapshotTable): CopyRequest {
  if (table.encoding !== "copy-binary" && table.encoding !== "copy-text") {
    throw new RunbackError(
      "SNAPSHOT_ENCODING_UNKNOWN",
      `The rows of ${table.name} are in a form this version does not read.`,
      {
        recovery: "Nothing was changed. Use the Runback that took the snapshot, or a newer one.",
        status: 409,
      },
    );
  }
  return {
    table: tableName(table),
    columns: table.columns.map(id).join(", "),
    binary: table.encoding === "copy-binary",
  };
}

export async function journalPosition(tx: Connection): Promise<JournalPosition | null> {
  if (!(await hasOwnTables(tx))) return null;
  const { rows } = await tx.query<{ position: string; newest: string | null }>(
    `SELECT last_value::text AS position, (SELECT run_id FROM runback.runs ORDER BY num DESC LIMIT 1) AS newest
     FROM runback.statement_order`,
  );
  return { position: rows[0]!.position, newestRunId: rows[0]!.newest };
}

/** With row_security off the server refuses, instead of giving half a table. */
function hidden(error: unknown): RunbackError | undefined {
  if ((error as { code?: unknown }).code !== "42501") return undefined;
  return new RunbackError("SNAPSHOT_ROWS_HIDDEN", "Runback's database user may not read every row of every table.", {
    recovery:
      "Nothing was written. Let it own the tables, or give it SELECT on all of them and BYPASSRLS where policies hide rows.",
    status: 403,
    cause: error,
  });
}
