import { RunbackError, type SnapshotSchema, type SnapshotSource, type SnapshotTable } from "@runback/core";
import { targetFull } from "../../shared/target-full.ts";
import { id, table as tableName } from "../dialect.ts";
import type { Session } from "../session.ts";
import { family, readDangling, type SqliteObjects } from "./describe-schema.ts";
import { loadRows } from "./load-rows.ts";
import { hasTable, readObjects } from "./read-objects.ts";
import { beforeRows, differences, type SchemaObject } from "./schema-object.ts";

/** The definitions of a snapshot. @throws `RESTORE_FAMILY_DIFFERS` when another engine took it */
export function builderObjects(schema: SnapshotSchema): SqliteObjects {
  if (schema.family === family) return schema.objects as SqliteObjects;
  throw new RunbackError("RESTORE_FAMILY_DIFFERS", `The snapshot is of another kind of database (${schema.family}).`, {
    recovery: `Nothing was changed. Restore it into a database of the kind ${schema.family}.`,
    status: 409,
  });
}

/**
 * Builds everything but what belongs to tables that are left out, and compares it with what was captured.
 * @throws `RESTORE_FAILED`, `RESTORE_SCHEMA_DIFFERS`, `SNAPSHOT_DAMAGED`
 */
export async function buildSchema(
  session: Session,
  source: SnapshotSource,
  leaveOut: (table: string) => boolean,
  onTable: ((done: number, total: number) => void) | undefined,
): Promise<void> {
  const schema = builderObjects(source.schema);
  const wanted = schema.objects.filter(({ of }) => of === null || !leaveOut(of));
  // Rows that were there before a CHECK are rows too.
  session.exec("PRAGMA ignore_check_constraints = 1");
  try {
    make(
      session,
      wanted.filter(({ kind }) => beforeRows.has(kind)),
    );
    const { tables } = source.schema;
    for (const [at, table] of tables.entries()) {
      onTable?.(at, tables.length);
      if (!leaveOut(table.name)) await load(session, table, source.data(table));
    }
    onTable?.(tables.length, tables.length);
    make(
      session,
      wanted.filter(({ kind }) => !beforeRows.has(kind)),
    );
  } finally {
    session.exec("PRAGMA ignore_check_constraints = 0");
  }
  setPositions(session, schema, leaveOut);
  const found = readObjects(session).filter(({ of }) => of === null || !leaveOut(of));
  const different = [...differences(wanted, found), ...newlyDangling(session, schema, leaveOut)];
  if (different.length > 0) throw differs(different);
}

function make(session: Session, objects: readonly SchemaObject[]): void {
  for (const { kind, name, sql } of objects) {
    try {
      session.exec(sql);
    } catch (error) {
      throw failed(`${kind} ${name}`, error);
    }
  }
}

async function load(session: Session, table: SnapshotTable, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  // A virtual table fills some of those it keeps its content in when it is made.
  session.run(`DELETE FROM ${tableName(table)}`);
  try {
    await loadRows(session, table, chunks);
  } catch (error) {
    throw failed(`the rows of ${table.name}`, error);
  }
}

function setPositions(session: Session, schema: SqliteObjects, leaveOut: (table: string) => boolean): void {
  for (const { table, value } of schema.sequences) {
    if (leaveOut(table)) continue;
    session.run("DELETE FROM sqlite_sequence WHERE name = $1", [table]);
    session.run("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, CAST($2 AS INTEGER))", [table, value]);
  }
  const statistics = schema.statistics.filter(({ table }) => !leaveOut(table));
  if (statistics.length === 0) return;
  if (!hasTable(session, "sqlite_stat1")) session.exec(`ANALYZE ${id("sqlite_schema")}`);
  for (const { table, index, stat } of statistics)
    session.run("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)", [table, index, stat]);
}

/** Foreign keys are off while tables come and go: what leads nowhere afterwards must have led nowhere before. */
function newlyDangling(session: Session, schema: SqliteObjects, leaveOut: (table: string) => boolean): string[] {
  const before = new Map(schema.dangling.map(({ table, rows }) => [table, rows]));
  return readDangling(session)
    .filter(({ table, rows }) => !leaveOut(table) && rows !== before.get(table))
    .map(({ table }) => `references of ${table}`);
}

function failed(what: string, error: unknown): unknown {
  if (error instanceof RunbackError) return error;
  // The driver's own: a value that a constraint of the table refuses, a module that is not there.
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === "number" && (errcode & 0xff) === 13) return targetFull(error);
  if (code === undefined && errcode === undefined) {
    if (!(error instanceof Error)) return error;
  }
  return new RunbackError(
    "RESTORE_FAILED",
    `The database refused ${what} of the snapshot (${(error as Error).message}).`,
    {
      recovery:
        "Nothing was changed. Run `runback snapshot verify` to see whether the snapshot restores elsewhere; keep it.",
      status: 409,
      cause: error,
    },
  );
}

function differs(objects: readonly string[]): RunbackError {
  return new RunbackError(
    "RESTORE_SCHEMA_DIFFERS",
    `${objects.length} object(s) came back different: ${objects.slice(0, 5).join(", ")}.`,
    {
      recovery:
        "Nothing was changed. Another version of SQLite may spell definitions differently: restore with the Runback that took the snapshot.",
      exit: 1,
      status: 409,
      details: { objects: objects.slice(0, 1000) },
    },
  );
}
