import { RunbackError, type TableRef } from "@runback/core";
import { auditRef } from "../seal-audit.ts";
import { Session } from "../session.ts";
import { ofUsers } from "./of-users.ts";
import { hasTable, readObjects } from "./read-objects.ts";
import { differences, type SchemaObject } from "./schema-object.ts";

/** Virtual tables that keep what they hold in tables of the file, or hold nothing. */
const modules = ["fts3", "fts4", "fts5", "fts4aux", "fts5vocab", "rtree", "rtree_i32", "geopoly"];

/** SQLite's limit is 2,000 columns of a result, and one is needed beside those of the row. */
const columnsAtMost = 1_990;

/** @throws `SNAPSHOT_UNSUPPORTED` naming everything a restore could not bring back */
export function refuseUnsupported(session: Session, objects: readonly SchemaObject[]): void {
  const found = [
    ...foreignText(session, objects),
    ...foreignModules(objects),
    ...wideTables(session),
    ...onOwnTables(session),
    ...auditTables(session)
      .filter((table) => isTied(session, table))
      .map(({ name }) => `audit table tied to other objects: ${name}`),
  ];
  const unbuildable = found.length > 0 ? [] : cannotBeMade(objects);
  if (found.length + unbuildable.length > 0) throw unsupported([...found, ...unbuildable]);
}

function foreignText(session: Session, objects: readonly SchemaObject[]): string[] {
  const { encoding } = session.run<{ encoding: string }>("PRAGMA encoding").rows[0]!;
  const unreadable = objects.filter((object) => `${object.name}${object.sql}`.includes("\ufffd"));
  return [
    ...(encoding === "UTF-8" ? [] : [`file with texts in ${encoding}`]),
    ...unreadable.map((object) => `definition with bytes that are no text: ${object.kind} ${object.name}`),
  ];
}

function foreignModules(objects: readonly SchemaObject[]): string[] {
  return objects
    .filter((object) => object.kind === "virtual table")
    .map((object) => ({ object, module: /\sUSING\s+["'`[]?(\w+)/i.exec(object.sql)?.[1]?.toLowerCase() ?? "?" }))
    .filter(({ module }) => !modules.includes(module))
    .map(({ object, module }) => `virtual table ${object.name} of the module ${module}`);
}

function wideTables(session: Session): string[] {
  const { rows } = session.run<{ name: string }>(
    `SELECT name FROM pragma_table_list WHERE schema = 'main' AND ${ofUsers("name")} AND ncol > ${columnsAtMost}`,
  );
  return rows.map(({ name }) => `table with more than ${columnsAtMost} columns ${name}`);
}

/** Runback's tables stay in their place, and with them what others hung on them. */
function onOwnTables(session: Session): string[] {
  const { rows } = session.run<{ type: string; name: string }>(
    `SELECT type, name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND ${ofUsers("name")} AND NOT (${ofUsers("tbl_name")})`,
  );
  return rows.map(({ type, name }) => `${type} on a table of Runback ${name}`);
}

/** Audit trails among the tables of users. */
export function auditTables(session: Session): TableRef[] {
  if (!hasTable(session, "runback_audit_heads")) return [];
  return session
    .run<{ relation: string }>("SELECT relation FROM runback_audit_heads ORDER BY relation")
    .rows.map(({ relation }) => auditRef(relation))
    .filter((table) => table.schema !== "runback" && hasTable(session, table.name));
}

/** Whether a foreign key leads from a table or to it: it stays while everything around it is exchanged. */
export function isTied(session: Session, { name }: TableRef): boolean {
  const tied = session.run(
    `SELECT 1 FROM pragma_table_list t, pragma_foreign_key_list(t.name) f
     WHERE t.schema = 'main' AND t.type = 'table' AND (lower(t.name) = lower($1) OR lower(f."table") = lower($1)) AND lower(t.name) <> lower(f."table")`,
    [name],
  );
  return tied.count > 0;
}

/** Makes the schema in memory: what needs functions, collations or modules that programs brought along is told now, not at restore. */
function cannotBeMade(objects: readonly SchemaObject[]): string[] {
  const trial = new Session(":memory:", { builds: true });
  try {
    const failed: string[] = [];
    for (const object of objects) {
      try {
        trial.exec(object.sql);
      } catch (error) {
        failed.push(`${object.kind} ${object.name} (${(error as Error).message})`);
      }
    }
    return failed.length > 0 ? failed : differences(objects, readObjects(trial));
  } finally {
    trial.close();
  }
}

function unsupported(objects: readonly string[]): RunbackError {
  return new RunbackError(
    "SNAPSHOT_UNSUPPORTED",
    `A restore could not bring back: ${objects.slice(0, 20).join(", ")}${objects.length > 20 ? ` and ${objects.length - 20} more` : ""}.`,
    {
      recovery:
        "Nothing was written. Copy the file while nobody has it open, or take these objects out of it: docs/snapshots.md says what is carried.",
      status: 409,
      details: { objects: objects.slice(0, 1000) },
    },
  );
}
