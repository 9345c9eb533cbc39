import type { Connection } from "@runback/core";
import { id } from "../dialect.ts";
import { addKeys, dropProgram, prepareDefinitions } from "./build-schema.ts";
import type { CopySession } from "./copy-session.ts";
import { freezePrefix, releaseLock, restoreLocks, takeLock, thawTables } from "./freeze.ts";
import { useDatabase } from "./load-snapshot.ts";
import { type Exchange, type RestoreRecord, readRecord } from "./restore-record.ts";
import type { TableObject } from "./schema-object.ts";
import { settlePrograms } from "./settle-programs.ts";

const sidePattern = "^runback_(new|old)_[0-9a-f]{6}_[0-9]+$";

/** Every table, view and sequence by name. */
async function relations(tx: Connection): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ name: string; type: string }>(
    "SELECT table_name AS name, table_type AS type FROM information_schema.tables WHERE table_schema = database()",
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}

/** One statement: sessions see all of it or nothing. */
export function renameSql(pairs: readonly (readonly [from: string, to: string])[]): string {
  return `RENAME TABLE ${pairs.map(([from, to]) => `${id(from)} TO ${id(to)}`).join(", ")}`;
}

/**
 * Puts everything back that a switch has done so far, however far it came. Every part looks at what is there: cut short, it is begun
 * again by the next one. While it is under way nobody writes, since its record says so.
 */
export async function revertSwitch(session: CopySession, record: RestoreRecord): Promise<void> {
  await prepareDefinitions(session);
  const { before } = record;
  if (before === null) return;
  const there = await relations(session);
  // Only a switch makes a view of a name that was a table's.
  for (const { name, old } of record.exchanges)
    if (old !== null && there.has(old) && there.get(name) === "VIEW") {
      await dropProgram(session, { kind: "view", name });
      there.delete(name);
    }
  const pairs: [string, string][] = [];
  for (const { name, next, old } of record.exchanges) {
    const switched = old === null ? next !== null && !there.has(next) : there.has(old);
    if (!switched) continue;
    if (there.has(name) && next !== null) pairs.push([name, next]);
    if (old !== null) pairs.push([old, name]);
  }
  if (pairs.length > 0) await session.script(renameSql(pairs));
  // With them go their foreign keys and triggers, whose names the target's own need.
  await dropRelations(
    session,
    record.exchanges.flatMap(({ next }) => (next === null ? [] : [next])),
  );
  await useDatabase(session, before.database);
  for (const table of before.tables) {
    const found = await session.query<{ name: string }>(
      `SELECT constraint_name AS name FROM information_schema.referential_constraints
       WHERE constraint_schema = database() AND table_name = $1`,
      [table.name],
    );
    const missing = table.keys.filter((key) => !found.rows.some(({ name }) => name === key.name));
    await addKeys(session, { ...table, keys: missing }, (name) => name);
    if (table.keys.length > 0) await renameIndexes(session, table);
  }
  await settlePrograms(session, before.programs);
}

/** An index that the server had made for a foreign key is named anew when the key is added again. */
async function renameIndexes(session: CopySession, table: TableObject): Promise<void> {
  const { rows } = await session.query<{ "Create Table": string }>(`SHOW CREATE TABLE ${id(table.name)}`);
  const [wanted, found] = [table.sql, rows[0]!["Create Table"]].map(indexLines) as [
    Map<string, string>,
    Map<string, string>,
  ];
  for (const [name, definition] of wanted) {
    if (found.has(name)) continue;
    const now = [...found].find(([other, each]) => each === definition && !wanted.has(other))?.[0];
    if (now !== undefined) await session.script(`ALTER TABLE ${id(table.name)} RENAME INDEX ${now} TO ${name}`);
  }
}

/** What an index is, by its quoted name. */
function indexLines(sql: string): Map<string, string> {
  const lines = sql.matchAll(/^ +((?:UNIQUE )?KEY) (`(?:[^`]|``)+`) (.*?),?$/gm);
  return new Map([...lines].map(([, kind, name, rest]) => [name!, `${kind} ${rest}`]));
}

/** Tables and sequences alike, whatever references them. */
async function dropRelations(session: CopySession, names: readonly string[]): Promise<void> {
  const there = await relations(session);
  for (const name of names) {
    const type = there.get(name);
    if (type === undefined) continue;
    await session.script(
      `DROP ${type === "SEQUENCE" ? "SEQUENCE" : type === "VIEW" ? "VIEW" : "TABLE"} IF EXISTS ${id(name)}`,
    );
  }
}

/** Removes what is left of a restore that is not switching: tables under side names, placeholders, the freeze, the record. */
export async function removeLeftovers(session: CopySession): Promise<void> {
  await prepareDefinitions(session);
  const known = await readRecord(session);
  const { rows } = await session.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database() AND table_name REGEXP $1`,
    [sidePattern],
  );
  await dropRelations(
    session,
    rows.map(({ name }) => name),
  );
  if (known?.state !== "done") await dropRelations(session, known?.record.placeholders ?? []);
  await thawTables(session);
  await session.query("DELETE FROM runback_restores");
}

/** Whether a restore left anything, or is under way. */
export async function hasRestore(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query<{ n: string }>(
    `SELECT (SELECT count(*) FROM runback_restores)
       + (SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name REGEXP $1)
       + (SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = database() AND LEFT(trigger_name, ${freezePrefix.length}) = $2) AS n`,
    [sidePattern, freezePrefix],
  );
  return Number(rows[0]!.n) > 0;
}

/**
 * Ends what a killed restore began: a switch that was not finished is taken back, and what is left over is dropped. Does nothing
 * while a restore lives.
 */
export async function recoverRestore(session: CopySession): Promise<void> {
  const locks = await restoreLocks(session);
  if (!(await takeLock(session, locks.restore, 1))) return;
  try {
    await endRestore(session);
  } finally {
    await releaseLock(session, locks.restore);
  }
}

/** The same for a session that holds the lock. */
export async function endRestore(session: CopySession): Promise<void> {
  const known = await readRecord(session);
  if (known?.state === "switching") await revertSwitch(session, known.record);
  await removeLeftovers(session);
}

export function exchangesOf(
  names: readonly string[],
  wanted: ReadonlySet<string>,
  there: ReadonlySet<string>,
  tag: string,
): Exchange[] {
  return names.map((name, at) => ({
    name,
    next: wanted.has(name) ? `runback_new_${tag}_${at}` : null,
    old: there.has(name) ? `runback_old_${tag}_${at}` : null,
  }));
}
