import type { JournalPosition, SnapshotMoment, SnapshotSchema } from "@runback/core";
import type { Session } from "../session.ts";
import { hasTable } from "./read-objects.ts";
import { readRows } from "./read-rows.ts";

/** One moment seen through a session in a transaction. One table at a time: a session is one thread of this process. */
export function momentOver(
  session: Session,
  schema: SnapshotSchema,
  journal: JournalPosition | null = null,
): SnapshotMoment {
  return {
    schema,
    journal,
    readers: 1,
    read: async (table, consume) => {
      let rows: number | undefined;
      const chunks = readRows(session, table, (counted) => {
        rows = counted;
      });
      const value = await consume(chunks);
      // What was left unread is counted too.
      for await (const _ of chunks);
      if (rows === undefined) throw new Error(`the rows of ${table.name} were not read to their end`);
      return { rows, value };
    },
  };
}

export function journalPosition(session: Session): JournalPosition | null {
  if (!hasTable(session, "runback_journal")) return null;
  const { rows } = session.run<{ position: string; newest: string | null }>(
    `SELECT CAST(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'runback_journal'), 0) AS TEXT) AS position,
       (SELECT run_id FROM runback_runs ORDER BY num DESC LIMIT 1) AS newest`,
  );
  return { position: rows[0]!.position, newestRunId: rows[0]!.newest };
}
