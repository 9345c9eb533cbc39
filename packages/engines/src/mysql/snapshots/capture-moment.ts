import {
  type Connection,
  type JournalPosition,
  RunbackError,
  type SnapshotMoment,
  type SnapshotSchema,
  type SnapshotTable,
} from "@runback/core";
import { id } from "../dialect.ts";
import { readColumns } from "../read-catalog.ts";
import type { CopyRequest, CopySession } from "./copy-session.ts";
import { encoding, hasOwnTables } from "./describe-schema.ts";

/**
 * One moment seen through one session, which is busy with one table at a time.
 * @param physical what a table is called at present
 */
export function momentOver(
  schema: SnapshotSchema,
  journal: JournalPosition | null,
  session: CopySession,
  physical: (table: string) => string = (table) => table,
): SnapshotMoment {
  return {
    schema,
    journal,
    readers: 1,
    read: async (table, consume) => {
      try {
        return await session.copyOut(await copyRequest(session, table, physical(table.name)), consume);
      } catch (error) {
        throw moved(error) ?? error;
      }
    },
  };
}

/** @throws `SNAPSHOT_ENCODING_UNKNOWN` for a form that only a newer version knows */
export async function copyRequest(tx: Connection, table: SnapshotTable, physical: string): Promise<CopyRequest> {
  if (table.encoding !== encoding) {
    throw new RunbackError(
      "SNAPSHOT_ENCODING_UNKNOWN",
      `The rows of ${table.name} are in a form this version does not read.`,
      { recovery: "Nothing was changed. Use the Runback that took the snapshot, or a newer one.", status: 409 },
    );
  }
  const types = new Map((await readColumns(tx, physical)).map((column) => [column.name, column]));
  return { table: id(physical), columns: table.columns.map((name) => types.get(name)!) };
}

export async function journalPosition(tx: Connection): Promise<JournalPosition | null> {
  if (!(await hasOwnTables(tx))) return null;
  const { rows } = await tx.query<{ position: string; newest: string | null }>(
    `SELECT CAST((SELECT coalesce(max(ord), 0) FROM runback_journal) AS char) AS position,
       (SELECT run_id FROM runback_runs ORDER BY num DESC LIMIT 1) AS newest`,
  );
  return { position: rows[0]!.position, newestRunId: rows[0]!.newest };
}

/** The server has no older version of a table that was altered, emptied or exchanged after the moment: it says so, and never gives another. */
function moved(error: unknown): RunbackError | undefined {
  if ((error as { errno?: unknown }).errno !== 1412) return undefined;
  return new RunbackError(
    "SNAPSHOT_MOMENT_LOST",
    "A table was altered, emptied or exchanged while the snapshot began.",
    {
      recovery: "Nothing was written. Take the snapshot again, with no schema changes under way.",
      status: 409,
      cause: error,
    },
  );
}
