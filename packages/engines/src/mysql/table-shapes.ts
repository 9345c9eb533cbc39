import { type Connection, sha256 } from "@runback/core";
import { captureEvents, captureName } from "./capture.ts";

export interface EnrolledTable {
  readonly num: number;
  readonly name: string;
  readonly fingerprint: string;
}

/** The layouts in force, one a table. */
export async function currentLayouts(tx: Connection): Promise<EnrolledTable[]> {
  const { rows } = await tx.query<EnrolledTable>(
    "SELECT num, table_name AS name, fingerprint FROM runback_layouts WHERE current ORDER BY num",
  );
  return rows;
}

/**
 * What an image of a table means, and what captures it: stored columns by name and type, the key, the capture triggers
 * with their text. Three queries, however many tables.
 */
export async function fingerprints(tx: Connection, layouts: readonly EnrolledTable[]): Promise<Map<string, string>> {
  if (layouts.length === 0) return new Map();
  const names = layouts.map((layout) => layout.name);
  const list = names.map((_, at) => `$${at + 1}`).join(", ");
  const columns = await tx.query<{ tbl: string; shape: string }>(
    `SELECT table_name AS tbl, concat_ws(':', column_name, column_type, character_set_name, collation_name,
       coalesce(generation_expression, '') <> '') AS shape
     FROM information_schema.columns WHERE table_schema = database() AND table_name IN (${list})
     ORDER BY table_name, ordinal_position`,
    names,
  );
  const keys = await tx.query<{ tbl: string; shape: string }>(
    `SELECT table_name AS tbl, column_name AS shape FROM information_schema.statistics
     WHERE table_schema = database() AND index_name = 'PRIMARY' AND table_name IN (${list})
     ORDER BY table_name, seq_in_index`,
    names,
  );
  const triggers = await tx.query<{ tbl: string; name: string; shape: string }>(
    `SELECT event_object_table AS tbl, trigger_name AS name,
       concat_ws(':', action_timing, event_manipulation, sql_mode, md5(action_statement)) AS shape
     FROM information_schema.triggers WHERE event_object_schema = database() AND event_object_table IN (${list})`,
    names,
  );
  return new Map(
    layouts.map(({ name, num }) => {
      const of = (rows: readonly { tbl: string; shape: string }[]) =>
        rows.filter((row) => row.tbl === name).map((row) => row.shape);
      const capture = captureEvents.map(
        (event) => triggers.rows.find((row) => row.tbl === name && row.name === captureName(event, num))?.shape ?? null,
      );
      // A crash while a table was altered leaves what held journaled writers: enrolling again takes it away.
      const held = captureEvents.some((event) =>
        triggers.rows.some((row) => row.tbl === name && row.name === captureName(event, 0)),
      );
      return [name, sha256(JSON.stringify([of(columns.rows), of(keys.rows), capture, ...(held ? ["held"] : [])]))];
    }),
  );
}
