import {
  type Connection,
  type RestoreHooks,
  RunbackError,
  type SnapshotMoment,
  type SnapshotSource,
  type TableRef,
} from "@runback/core";
import { id, table as tableName } from "../dialect.ts";
import { enroll } from "../enroll.ts";
import { readCatalog } from "../read-catalog.ts";
import { builderObjects, differ } from "./assert-same.ts";
import { loadRows, makeObjects, prepareBuilder, relationNames } from "./build-schema.ts";
import { momentOver } from "./capture-moment.ts";
import type { CopySession } from "./copy-session.ts";
import { readObjects } from "./describe-schema.ts";
import { keepLayouts, layoutTables } from "./keep-layouts.ts";
import { notOfExtension, ofUsers } from "./of-users.ts";
import { firstAtSwitch, type SchemaObject } from "./schema-object.ts";

/**
 * Exchanges everything users have for the contents of a snapshot, inside one transaction. Their schemas are renamed, which nobody
 * else sees before the commit and which needs no lock on a table: readers go on reading what there was while the snapshot is built
 * under the same names. Only the end needs every table for itself: audit tables move over, the old schemas are dropped.
 */
export async function replaceContents(
  session: CopySession,
  source: SnapshotSource,
  keep: readonly TableRef[],
  hooks: RestoreHooks,
  frozen: (session: CopySession, work: (moment: SnapshotMoment) => Promise<void>) => Promise<void>,
): Promise<void> {
  const objects = builderObjects(source.schema);
  await prepareBuilder(session);
  await refuseWithoutRights(session, source.schema.roles);
  await freeze(session, keep);
  await frozen(session, hooks.frozen);

  await prepareBuilder(session);
  const kept = new Set(await relationNames(session, keep));
  const leaveOut = (relation: string | null) => relation !== null && kept.has(relation);
  const wanted = (list: readonly SchemaObject[]) => list.filter((object) => !leaveOut(object.of));
  const old = await renameSchemas(session);
  const before = wanted(objects.before);
  await makeObjects(
    session,
    before.filter(({ kind }) => kind === "schema"),
  );
  await moveExtensions(session, old);
  await makeObjects(
    session,
    before.filter(({ kind }) => kind !== "schema"),
  );
  await loadRows(session, source, leaveOut, hooks.onTable);
  const after = wanted(objects.after);
  const split = after.findIndex(({ kind }) => firstAtSwitch.has(kind));
  await makeObjects(session, after.slice(0, split < 0 ? after.length : split));
  await hooks.loaded(
    momentOver({ ...source.schema, tables: await notKept(session, source, leaveOut) }, null, [session]),
  );

  await prepareBuilder(session);
  await lockOld(session, old);
  await moveKept(session, old, keep);
  await makeObjects(session, split < 0 ? [] : after.slice(split));
  const journaled = await layoutTables(session, old);
  await keepLayouts(session, old);
  const keptBefore = await shapes(session, keep);
  if (old.length > 0) await session.script(`DROP SCHEMA ${old.map(({ now }) => id(now)).join(", ")} CASCADE`);
  if ((await shapes(session, keep)) !== keptBefore) throw keptChanged();
  await prepareBuilder(session);
  differ(
    objects,
    await readObjects(session),
    (object) => ["schema", "extension"].includes(object.kind) || leaveOut(object.of),
  );
  for (const { of, sql } of objects.access) if (!leaveOut(of)) await session.script(sql);
  const { tables } = await readCatalog(session);
  await enroll(
    session,
    tables.filter(
      (table) =>
        table.primaryKey.length > 0 &&
        !table.inherits &&
        journaled.some((each) => each.schema === table.schema && each.name === table.name),
    ),
  );
  await hooks.switched(session);
}

export interface RenamedSchema {
  readonly name: string;
  /** What it is called until it is dropped. */
  readonly now: string;
}

async function notKept(session: Connection, source: SnapshotSource, leaveOut: (relation: string) => boolean) {
  const relations = await relationNames(session, source.schema.tables);
  return source.schema.tables.filter((_, at) => !leaveOut(relations[at]!));
}

/** From here to the end nobody writes to a table of a user; reading goes on. */
async function freeze(session: Connection, keep: readonly TableRef[]): Promise<void> {
  for (;;) {
    const tables = (await userTables(session)).filter(
      (table) => !keep.some((each) => each.schema === table.schema && each.name === table.name),
    );
    if (tables.length > 0) {
      await session.query("SELECT set_config('lock_timeout', '30s', true)");
      await session.script(
        `LOCK TABLE ${tables.map((table) => `ONLY ${tableName(table)}`).join(", ")} IN EXCLUSIVE MODE`,
      );
    }
    // A table that was made while the locks were waited for.
    const now = await userTables(session);
    const known = new Set(tables.map((table) => tableName(table)));
    if (now.every((table) => known.has(tableName(table)) || keep.some((each) => tableName(each) === tableName(table))))
      return;
  }
}

async function userTables(session: Connection): Promise<TableRef[]> {
  const { rows } = await session.query<TableRef>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")} ORDER BY c.oid`,
  );
  return rows;
}

/** Schemas that hold nothing but extensions stay. */
async function renameSchemas(session: Connection): Promise<RenamedSchema[]> {
  const holds = (catalog: string, column: string) =>
    `EXISTS (SELECT FROM ${catalog} o WHERE o.${column} = n.oid AND ${notOfExtension(catalog, "o.oid")})`;
  const { rows } = await session.query<{ name: string }>(
    `SELECT n.nspname::text AS name FROM pg_namespace n WHERE ${ofUsers} AND ${notOfExtension("pg_namespace", "n.oid")}
       AND (${holds("pg_class", "relnamespace")} OR ${holds("pg_type", "typnamespace")} OR ${holds("pg_proc", "pronamespace")}
         OR NOT EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid)) ORDER BY n.oid`,
  );
  const renamed = rows.map(({ name }, at) => ({ name, now: `runback_before_${at}` }));
  for (const { name, now } of renamed) await session.script(`ALTER SCHEMA ${id(name)} RENAME TO ${id(now)}`);
  return renamed;
}

/** An extension among the tables goes with their schema's name. */
async function moveExtensions(session: Connection, old: readonly RenamedSchema[]): Promise<void> {
  for (const { name, now } of old) {
    const { rows } = await session.query<{ extension: string }>(
      `SELECT e.extname::text AS extension FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname = $1`,
      [now],
    );
    if (rows.length > 0) await session.script(`CREATE SCHEMA IF NOT EXISTS ${id(name)}`);
    for (const { extension } of rows) await session.script(`ALTER EXTENSION ${id(extension)} SET SCHEMA ${id(name)}`);
  }
}

/** Waits in short turns: whoever holds one table and wants another is let through between them, instead of into a deadlock. */
async function lockOld(session: Connection, old: readonly RenamedSchema[]): Promise<void> {
  const { rows } = await session.query<TableRef>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND starts_with(n.nspname::text, 'runback_before_') ORDER BY c.oid`,
  );
  if (old.length === 0 || rows.length === 0) return;
  const lock = `LOCK TABLE ${rows.map((table) => `ONLY ${tableName(table)}`).join(", ")} IN ACCESS EXCLUSIVE MODE`;
  await session.query("SELECT set_config('lock_timeout', '2s', true)");
  for (let turn = 1; ; turn++) {
    try {
      await session.savepoint((tx) => tx.script(lock));
      return;
    } catch (error) {
      const code = String((error as { code?: unknown }).code ?? "");
      if (turn === 15 || !["55P03", "40P01", "LOCK_TIMEOUT"].includes(code)) throw error;
    }
  }
}

async function moveKept(session: Connection, old: readonly RenamedSchema[], keep: readonly TableRef[]): Promise<void> {
  for (const table of keep) {
    const from = old.find(({ name }) => name === table.schema);
    if (from === undefined) continue;
    await session.script(`CREATE SCHEMA IF NOT EXISTS ${id(table.schema)}`);
    await session.script(
      `ALTER TABLE ${tableName({ schema: from.now, name: table.name })} SET SCHEMA ${id(table.schema)}`,
    );
  }
}

/** Columns, defaults and constraints of the tables that stay: dropping what they lean on would take parts of them along. */
async function shapes(session: Connection, keep: readonly TableRef[]): Promise<string> {
  const found: unknown[] = [];
  for (const table of keep) {
    const { rows } = await session.query(
      `SELECT (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::int AS columns,
         (SELECT count(*) FROM pg_attrdef d WHERE d.adrelid = c.oid)::int AS defaults,
         (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid)::int AS constraints,
         (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid)::int AS triggers
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
      [table.schema, table.name],
    );
    found.push([table, rows]);
  }
  return JSON.stringify(found);
}

async function refuseWithoutRights(session: Connection, roles: readonly string[]): Promise<void> {
  const { rows } = await session.query<{ what: string }>(
    `SELECT 'owner of schema ' || n.nspname AS what FROM pg_namespace n WHERE ${ofUsers} AND NOT pg_has_role(current_user, n.nspowner, 'USAGE')
     UNION ALL SELECT 'CREATE on the database' WHERE NOT has_database_privilege(current_database(), 'CREATE')
     UNION ALL SELECT 'role ' || (r #>> '{}') || ', which does not exist' FROM jsonb_array_elements($1::jsonb) r
       WHERE NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = r #>> '{}')`,
    [JSON.stringify(roles)],
  );
  if (rows.length === 0) return;
  throw new RunbackError(
    "RESTORE_NOT_PERMITTED",
    `A restore in place needs: ${rows.map((row) => row.what).join(", ")}.`,
    {
      recovery:
        "Nothing was changed. Connect as the owner of the database, make the roles that are missing, or restore with --into.",
      status: 403,
      details: { missing: rows.map((row) => row.what) },
    },
  );
}

function keptChanged(): RunbackError {
  return new RunbackError("RESTORE_AUDIT_TIED", "An audit table leans on objects that a restore replaces.", {
    recovery:
      "Nothing was changed. Remove foreign keys, types and defaults of users from the audit table, or restore with --into.",
    status: 409,
  });
}
