import { randomBytes } from "node:crypto";
import {
  type RestoreHooks,
  RunbackError,
  type SnapshotMoment,
  type SnapshotSource,
  type TableRef,
} from "@runback/core";
import { id } from "../dialect.ts";
import { heldRights } from "../rights.ts";
import { pinSession } from "../session.ts";
import { builderObjects, refuseDifferences } from "./assert-same.ts";
import {
  addKeys,
  loadRows,
  makePrograms,
  makeSequence,
  makeTable,
  type OpenLane,
  prepareDefinitions,
  verifyKeys,
} from "./build-schema.ts";
import { momentOver } from "./capture-moment.ts";
import { type CopySession, exactBytes } from "./copy-session.ts";
import { brokenViews, readObjects, userTables } from "./describe-schema.ts";
import { differences } from "./fingerprint.ts";
import { freezeTable, type RestoreLocks, releaseLock, restoreLocks, takeLock } from "./freeze.ts";
import { useDatabase } from "./load-snapshot.ts";
import { type RestoreRecord, setRestoreState, writeRecord } from "./restore-record.ts";
import { endRestore, exchangesOf, removeLeftovers, renameSql } from "./revert-switch.ts";
import type { MysqlObjects, ProgramObject } from "./schema-object.ts";
import { dropTriggers, settlePrograms } from "./settle-programs.ts";

/**
 * Exchanges everything users have for the contents of a snapshot. The snapshot is built beside it, in the same database under names of
 * its own: triggers cannot move between databases. One RENAME then exchanges all tables and sequences. What that statement does not
 * exchange (triggers, foreign keys, views, routines, events) is put in order around it, while nobody can write; until the last
 * transaction has committed a record in the target says how to take all of it back.
 */
export async function replaceContents(
  session: CopySession,
  openLane: OpenLane,
  source: SnapshotSource,
  keep: readonly TableRef[],
  hooks: RestoreHooks,
  capture: (work: (moment: SnapshotMoment) => Promise<void>) => Promise<void>,
): Promise<void> {
  const objects = builderObjects(source.schema);
  const locks = await restoreLocks(session);
  if (!(await takeLock(session, locks.restore, 5))) throw alreadyRestoring();
  await endRestore(session);
  await prepareDefinitions(session);
  const kept = new Set(keep.filter(({ schema }) => schema === "public").map(({ name }) => name));
  const tag = randomBytes(3).toString("hex");
  try {
    await refuseWithoutRights(session, objects);
    if (!(await takeLock(session, locks.freeze, 5))) throw alreadyRestoring();
    await freeze(session, locks, kept, tag);
    const before = await readObjects(session);
    await capture(hooks.frozen);
    const record = await build(session, openLane, source, objects, before, kept, tag, hooks);
    await switchOver(session, locks, objects, { ...record, before }, hooks, tag);
  } catch (error) {
    // A session that is gone ends nothing: another one does.
    if (error instanceof RunbackError && error.code === "TARGET_UNREACHABLE") throw error;
    await session.script("ROLLBACK").catch(() => {});
    await endRestore(session).catch((cause: unknown) => {
      throw new RunbackError(
        "RESTORE_UNFINISHED",
        "A restore failed, and putting the target back in order failed, too.",
        {
          recovery: "Rows are as they were, and no writes are taken. Run `runback init`: it takes the rest back.",
          status: 503,
          cause,
        },
      );
    });
    throw error;
  }
  await releaseLock(session, locks.freeze);
  // It is complete: what cannot be dropped now goes with the next `init`.
  await removeLeftovers(session).catch(() => {});
}

/** From here to the end nobody writes a row to a table of a user; reading goes on. Audit tables stay writable. */
async function freeze(
  session: CopySession,
  locks: RestoreLocks,
  kept: ReadonlySet<string>,
  tag: string,
): Promise<void> {
  const frozen = new Set<string>();
  for (;;) {
    const tables = (await userTables(session, "BASE TABLE")).filter(({ name }) => !kept.has(name) && !frozen.has(name));
    // None that was made while the others were waited for.
    if (tables.length === 0) return;
    for (const { name } of tables) {
      await freezeTable(session, locks, name, `${tag}_${frozen.size}`);
      frozen.add(name);
    }
  }
}

/** Builds and compares the snapshot under side names. */
async function build(
  session: CopySession,
  openLane: OpenLane,
  source: SnapshotSource,
  objects: MysqlObjects,
  before: MysqlObjects,
  kept: ReadonlySet<string>,
  tag: string,
  hooks: RestoreHooks,
): Promise<RestoreRecord> {
  const wanted = [...objects.sequences, ...objects.tables].map(({ name }) => name).filter((name) => !kept.has(name));
  const there = [...before.sequences, ...before.tables, ...(await viewsToMove(session, before, objects))]
    .map(({ name }) => name)
    .filter((name) => !kept.has(name));
  const placeholders = objects.sequences.map(({ name }) => name).filter((name) => !there.includes(name));
  const exchanges = exchangesOf(
    [...new Set([...wanted, ...there])],
    new Set(wanted),
    new Set([...there, ...placeholders]),
    tag,
  );
  const side = new Map(exchanges.map(({ name, next }) => [name, next]));
  const physical = (name: string) => side.get(name) ?? name;
  const record: RestoreRecord = { exchanges, placeholders, kept: [...kept], before: null };
  await writeRecord(session, "building", record);
  for (const sequence of objects.sequences) {
    // A default cannot name a sequence that is not there.
    if (placeholders.includes(sequence.name)) await session.script(`CREATE SEQUENCE ${id(sequence.name)}`);
    await makeSequence(session, sequence, physical(sequence.name));
  }
  const tables = objects.tables.filter(({ name }) => !kept.has(name));
  for (const table of tables) await makeTable(session, table, physical(table.name));
  await loadRows(session, openLane, source, objects, (name) => kept.has(name), physical, hooks.onTable);
  for (const table of tables) await verifyKeys(session, table, physical);
  const compared = { ...source.schema, tables: source.schema.tables.filter(({ name }) => !kept.has(name)) };
  await session.script(exactBytes);
  await hooks.loaded(momentOver(compared, null, session, physical));
  await prepareDefinitions(session);
  return record;
}

/**
 * Views that go away with the tables, by the same statement: those that the snapshot has none of, and broken ones, which nobody
 * could make anew if it all had to be taken back. The others are replaced where they are.
 */
async function viewsToMove(
  session: CopySession,
  before: MysqlObjects,
  { programs }: MysqlObjects,
): Promise<ProgramObject[]> {
  const broken = await brokenViews(session, before);
  const stays = (name: string) => programs.some((program) => program.kind === "view" && program.name === name);
  return before.programs.filter(({ kind, name }) => kind === "view" && (broken.includes(name) || !stays(name)));
}

async function switchOver(
  session: CopySession,
  locks: RestoreLocks,
  objects: MysqlObjects,
  record: RestoreRecord & { readonly before: MysqlObjects },
  hooks: RestoreHooks,
  tag: string,
): Promise<void> {
  const { before, exchanges, placeholders } = record;
  const kept = new Set(record.kept);
  const now = await readObjects(session);
  const changed = differences(
    before,
    { ...now, sequences: now.sequences.filter(({ name }) => !placeholders.includes(name)) },
    () => false,
  );
  if (changed.length > 0) throw targetChanged(changed);
  const physical = (name: string) => exchanges.find((each) => each.name === name)?.next ?? name;
  const triggersOf = ({ programs }: MysqlObjects) =>
    programs.filter(({ kind, of }) => kind === "trigger" && !kept.has(of!));
  await writeRecord(session, "switching", record);
  await dropTriggers(session, triggersOf(before));
  for (const { name, keys } of before.tables) {
    if (keys.length === 0) continue;
    await session.script(`ALTER TABLE ${id(name)} ${keys.map((key) => `DROP FOREIGN KEY ${id(key.name)}`).join(", ")}`);
  }
  const tables = objects.tables.filter(({ name }) => !kept.has(name));
  for (const table of tables) await addKeys(session, table, physical);
  await makePrograms(session, triggersOf(objects), { physical });
  // Frozen, too, when they take the places: until the last transaction has committed they may have to go again.
  for (const [at, { name }] of tables.entries()) await freezeTable(session, locks, physical(name), `${tag}_n${at}`);
  await rename(session, record);
  await settlePrograms(session, wantedPrograms(objects, kept));
  await useDatabase(session, objects.database);
  refuseDifferences(differences(objects, await readObjects(session), (name) => kept.has(name)));
  await session.script(
    `${pinSession(session.mariadb)}; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE; SET autocommit = 0; START TRANSACTION`,
  );
  await hooks.switched(session);
  await setRestoreState(session, "done");
  await session.script("COMMIT; SET autocommit = 1");
}

const wantedPrograms = ({ programs }: MysqlObjects, kept: ReadonlySet<string>): ProgramObject[] =>
  programs.filter(({ of }) => of === null || !kept.has(of));

/** Waits in short turns: whoever holds one table and wants another is let through between them, instead of into a deadlock. */
async function rename(session: CopySession, { exchanges }: RestoreRecord): Promise<void> {
  const pairs = exchanges.flatMap(({ name, next, old }): [string, string][] => [
    ...(old === null ? [] : ([[name, old]] as [string, string][])),
    ...(next === null ? [] : ([[next, name]] as [string, string][])),
  ]);
  if (pairs.length === 0) return;
  await session.script("SET SESSION lock_wait_timeout = 2");
  for (let turn = 1; ; turn++) {
    try {
      await session.script(renameSql(pairs));
      break;
    } catch (error) {
      if (turn === 15 || !(error instanceof RunbackError) || error.code !== "LOCK_TIMEOUT") throw error;
    }
  }
  await session.script("SET SESSION lock_wait_timeout = 30");
}

const always = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "TRIGGER"];

/** Before anything is done: what the server would refuse half way. */
async function refuseWithoutRights(session: CopySession, { programs }: MysqlObjects): Promise<void> {
  const { all, globalAll, rights } = await heldRights(session);
  const has = (kind: ProgramObject["kind"]) => programs.some((program) => program.kind === kind);
  const needed = [
    ...always,
    ...(has("view") ? ["CREATE VIEW"] : []),
    ...(has("function") || has("procedure") ? ["CREATE ROUTINE", "ALTER ROUTINE"] : []),
    ...(has("event") ? ["EVENT"] : []),
  ];
  const missing = needed.filter((right) => !all && !rights.has(right)).map((right) => `${right} on the database`);
  const { rows } = await session.query<{ role: string }>("SELECT current_user() AS role");
  const asAnyone =
    globalAll || ["SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER"].some((right) => rights.has(right));
  const plain = (definer: string) => definer.replaceAll(/[`"']/g, "");
  const others = new Set(programs.map(({ definer }) => plain(definer)).filter((definer) => definer !== rows[0]!.role));
  if (!asAnyone) missing.push(...[...others].map((definer) => `the right to make objects of ${definer}`));
  if (missing.length === 0) return;
  throw new RunbackError("RESTORE_NOT_PERMITTED", `A restore in place needs: ${missing.join(", ")}.`, {
    recovery:
      "Nothing was changed. Grant it, or restore with --into. Objects of other definers need SET USER (MariaDB) or SET_USER_ID (MySQL).",
    status: 403,
    details: { missing },
  });
}

function alreadyRestoring(): RunbackError {
  return new RunbackError("LEASE_HELD", "Another restore of this target is under way.", {
    recovery: "Nothing was changed. Wait for it, then restore.",
    status: 409,
  });
}

function targetChanged(objects: readonly string[]): RunbackError {
  return new RunbackError(
    "RESTORE_SCHEMA_CHANGED",
    `The target's schema changed while the snapshot was built: ${objects.slice(0, 5).join(", ")}.`,
    {
      recovery: "Nothing was changed. Restore again with no schema changes under way.",
      status: 409,
      details: { objects: objects.slice(0, 1000) },
    },
  );
}
