import { digestOf, type SnapshotSchema, type SnapshotTable } from "@runback/core";
import type { Session } from "../session.ts";
import { refuseUnsupported } from "./find-unsupported.ts";
import { ofUsers } from "./of-users.ts";
import { hasTable, readObjects } from "./read-objects.ts";
import { encodingOf, keepsRowid } from "./row-columns.ts";
import { definitions, type SchemaObject } from "./schema-object.ts";

/** What `SnapshotSchema.objects` is for SQLite. */
export interface SqliteObjects {
  /** In the order they are made. */
  readonly objects: readonly SchemaObject[];
  /** AUTOINCREMENT positions, which are above every id that was ever given. */
  readonly sequences: readonly { readonly table: string; readonly value: string }[];
  /** What ANALYZE found: queries are planned as before. */
  readonly statistics: readonly { readonly table: string; readonly index: string | null; readonly stat: string }[];
  /** Rows that lead nowhere, by table: SQLite enforces foreign keys only for sessions that ask. Restored as they were. */
  readonly dangling: readonly Dangling[];
}

export interface Dangling {
  readonly table: string;
  /** A number, or why it cannot be told. */
  readonly rows: number | string;
}

export const family = "sqlite";

/** Reads the whole schema of users at the session's moment. @throws `SNAPSHOT_UNSUPPORTED` */
export function describeSchema(session: Session): SnapshotSchema & { readonly objects: SqliteObjects } {
  const objects = readObjects(session);
  refuseUnsupported(session, objects);
  return {
    family,
    fingerprint: digestOf([...definitions(objects)].sort(([a], [b]) => (a < b ? -1 : 1))),
    tables: readTables(session),
    extensions: [],
    roles: [],
    objects: {
      objects,
      sequences: readSequences(session),
      statistics: readStatistics(session),
      dangling: readDangling(session),
    },
  };
}

/** Tables that hold rows, those inside of virtual tables among them. */
export function readTables(session: Session): SnapshotTable[] {
  const { rows } = session.run<{ name: string; wr: number }>(
    `SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') AND ${ofUsers("name")} ORDER BY name`,
  );
  return rows.map(({ name, wr }) => ({
    schema: "public",
    name,
    encoding: encodingOf(keepsRowid(session, name, wr === 1)),
    columns: session
      .run<{ name: string }>("SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid", [name])
      .rows.map((column) => column.name),
  }));
}

/** For each table with foreign keys. */
export function readDangling(session: Session): Dangling[] {
  const { rows } = session.run<{ name: string }>(
    `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND ${ofUsers("name")}
       AND EXISTS (SELECT 1 FROM pragma_foreign_key_list(name)) ORDER BY name`,
  );
  return rows.map(({ name }) => ({ table: name, rows: danglingRows(session, name) })).filter(({ rows }) => rows !== 0);
}

function danglingRows(session: Session, table: string): number | string {
  try {
    return session.run<{ n: number }>("SELECT count(*) AS n FROM pragma_foreign_key_check($1)", [table]).rows[0]!.n;
  } catch (error) {
    // A foreign key to columns that are no key: SQLite says so whenever it is used.
    return (error as Error).message;
  }
}

function readSequences(session: Session): SqliteObjects["sequences"] {
  if (!hasTable(session, "sqlite_sequence")) return [];
  return session.run<{ table: string; value: string }>(
    `SELECT name AS "table", CAST(seq AS TEXT) AS value FROM sqlite_sequence WHERE ${ofUsers("name")} ORDER BY name`,
  ).rows;
}

function readStatistics(session: Session): SqliteObjects["statistics"] {
  if (!hasTable(session, "sqlite_stat1")) return [];
  return session.run<{ table: string; index: string | null; stat: string }>(
    `SELECT tbl AS "table", idx AS "index", stat FROM sqlite_stat1 WHERE ${ofUsers("tbl")} ORDER BY tbl, idx`,
  ).rows;
}
