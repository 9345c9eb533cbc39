import { randomBytes } from "node:crypto";
import {
  type Connection,
  type RestoreHooks,
  RunbackError,
  type SnapshotMoment,
  type SnapshotSource,
  type TableRef,
} from "@runback/core";
import { id, literal, table as tableName } from "../dialect.ts";
import { enroll } from "../enroll.ts";
import { freezeTables, frozenNow } from "../freeze.ts";
import { readCatalog } from "../read-catalog.ts";
import { applyAccess } from "./apply-access.ts";
import { builderObjects, differ } from "./assert-same.ts";
import { loadRows, makeObjects, prepareBuilder, relationNames } from "./build-schema.ts";
import { momentOver } from "./capture-moment.ts";
import type { CopySession } from "./copy-session.ts";
import { readObjects } from "./describe-schema.ts";
import { keepLayouts, layoutTables } from "./keep-layouts.ts";
import { notOfExtension, ofUsers, replacedPrefix } from "./of-users.ts";
import { contentsChanged, contentsDigest, leaningOn, schemaContents } from "./schema-contents.ts";
import { firstAtSwitch, type SchemaObject } from "./schema-object.ts";

/**
 * Exchanges everything users have for the contents of a snapshot, inside one transaction. Their schemas are renamed, which nobody
 * else sees before the commit and which needs no lock on a table: readers go on reading what there was while the snapshot is built
 * under the same names. Only the end needs every table for itself, so that nobody reads both states in one transaction.
 *
 * What was there is not dropped here. A session that is making a type or a function holds no lock that this one could wait for, and
 * commits into the schema it looked up; DROP SCHEMA would take that along unseen. `dropReplaced` does it, once nobody can.
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
  const captured = await freeze(session, keep);
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
  await refuseChanged(session, captured, old, keep);
  await moveKept(session, old, keep);
  await makeObjects(session, split < 0 ? [] : after.slice(split));
  const journaled = await layoutTables(session, old);
  await keepLayouts(session, old);
  await prepareBuilder(session);
  differ(
    objects,
    await readObjects(session),
    (object) => ["schema", "extension"].includes(object.kind) || leaveOut(object.of),
  );
  await applyAccess(session, objects.access, leaveOut);
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
  for (const { now } of old)
    await session.script(`COMMENT ON SCHEMA ${id(now)} IS ${literal(replacedComment(contentsDigest(captured)))}`);
  await hooks.switched(session);
  if ((await frozenNow(session)) !== undefined) await freezeTables(session, keep);
}

const commented = /^Replaced by a Runback restore, to be dropped: ([0-9a-f]{64})$/;

/** On each schema that was replaced, with the digest of what all of them held. */
export const replacedComment = (digest: string) => `Replaced by a Runback restore, to be dropped: ${digest}`;

export function replacedDigest(comment: string | null): string | undefined {
  return commented.exec(comment ?? "")?.[1];
}

export interface RenamedSchema {
  readonly name: string;
  /** What it is called until it is dropped; schemas of one restore differ in the last number. */
  readonly now: string;
}

async function notKept(session: Connection, source: SnapshotSource, leaveOut: (relation: string) => boolean) {
  const relations = await relationNames(session, source.schema.tables);
  return source.schema.tables.filter((_, at) => !leaveOut(relations[at]!));
}

/**
 * From here to the end nobody writes to a table of a user; reading goes on. Returns what the schemas hold: read before the safety
 * snapshot is, and found the same at the end, it is what that snapshot holds.
 */
async function freeze(session: Connection, keep: readonly TableRef[]): Promise<ReadonlyMap<string, string>> {
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
    const schemas = await replaceable(session);
    const captured = await schemaContents(session, schemas, keep);
    // A table that was made while the locks were waited for: nothing that is in the contents may be without a lock.
    const now = await userTables(session);
    const known = new Set(tables.map((table) => tableName(table)));
    if (!now.every((table) => known.has(tableName(table)) || keep.some((each) => tableName(each) === tableName(table))))
      continue;
    const tied = await leaningOn(session, schemas, keep);
    if (tied.length > 0) throw keptTied(tied);
    return captured;
  }
}

/** @throws `RESTORE_SCHEMA_CHANGED` when somebody made, changed or dropped anything since the freeze */
async function refuseChanged(
  session: Connection,
  captured: ReadonlyMap<string, string>,
  old: readonly RenamedSchema[],
  keep: readonly TableRef[],
): Promise<void> {
  const schemas = old.map(({ now }) => now);
  const kept = keep.map(({ schema, name }) => ({
    schema: old.find((each) => each.name === schema)?.now ?? schema,
    name,
  }));
  const changed = [
    ...(await contentsChanged(session, captured, await schemaContents(session, schemas, kept))),
    ...(await leaningOn(session, schemas, kept)),
  ].map((what) => old.reduce((text, each) => text.replaceAll(each.now, each.name), what));
  if (changed.length === 0) return;
  throw new RunbackError(
    "RESTORE_SCHEMA_CHANGED",
    `Somebody changed the schema while the restore was under way: ${changed.slice(0, 5).join(", ")}.`,
    {
      recovery:
        "Nothing was changed by the restore. Let nobody create, alter or drop objects meanwhile, then restore again: the same approval holds.",
      status: 409,
      details: { objects: changed.slice(0, 1000) },
    },
  );
}

async function userTables(session: Connection): Promise<TableRef[]> {
  const { rows } = await session.query<TableRef>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND ${ofUsers} AND ${notOfExtension("pg_class", "c.oid")} ORDER BY c.oid`,
  );
  return rows;
}

/** Schemas that hold nothing but extensions stay. */
async function replaceable(session: Connection): Promise<string[]> {
  const holds = (catalog: string, column: string) =>
    `EXISTS (SELECT FROM ${catalog} o WHERE o.${column} = n.oid AND ${notOfExtension(catalog, "o.oid")})`;
  const { rows } = await session.query<{ name: string }>(
    `SELECT n.nspname::text AS name FROM pg_namespace n WHERE ${ofUsers} AND ${notOfExtension("pg_namespace", "n.oid")}
       AND (${holds("pg_class", "relnamespace")} OR ${holds("pg_type", "typnamespace")} OR ${holds("pg_proc", "pronamespace")}
         OR NOT EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid)) ORDER BY n.oid`,
  );
  return rows.map(({ name }) => name);
}

async function renameSchemas(session: Connection): Promise<RenamedSchema[]> {
  const { rows } = await session.query<{ stamp: string }>(
    "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS') AS stamp",
  );
  const group = `${replacedPrefix}${rows[0]!.stamp}_${randomBytes(3).toString("hex")}`;
  const renamed = (await replaceable(session)).map((name, at) => ({ name, now: `${group}_${at}` }));
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
     WHERE c.relkind IN ('r', 'p') AND n.nspname IN (SELECT jsonb_array_elements_text($1::jsonb)) ORDER BY c.oid`,
    [JSON.stringify(old.map(({ now }) => now))],
  );
  if (rows.length === 0) return;
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

function keptTied(objects: readonly string[]): RunbackError {
  return new RunbackError(
    "RESTORE_AUDIT_TIED",
    `What stays through a restore leans on objects that it replaces: ${objects.slice(0, 5).join(", ")}.`,
    {
      recovery:
        "Nothing was changed. Remove foreign keys, types and defaults of users from the audit table, or restore with --into.",
      status: 409,
      details: { objects: objects.slice(0, 1000) },
    },
  );
}
