import { type Connection, type RestoreHooks, RunbackError, type SnapshotSource } from "@runback/core";
import { id } from "../dialect.ts";
import { builderObjects, refuseDifferences } from "./assert-same.ts";
import {
  addKeys,
  dropProgram,
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
import { readObjects } from "./describe-schema.ts";
import { asleep, differences } from "./fingerprint.ts";
import type { MysqlObjects } from "./schema-object.ts";

/** Stands in a database that is being filled, from the first statement to the last. */
const marker = "runback_unfinished_restore";

/**
 * Builds a snapshot in an empty database. DDL commits by itself here: until everything is there and compared a table says that it is
 * not, and after a failure the database is empty again. Events come disabled.
 */
export async function loadSnapshot(
  session: CopySession,
  openLane: OpenLane,
  source: SnapshotSource,
  hooks: Pick<RestoreHooks, "loaded" | "onTable">,
): Promise<void> {
  const objects = builderObjects(source.schema);
  const same = (name: string) => name;
  await prepareDefinitions(session);
  await refuseFilled(session);
  await session.script(`CREATE TABLE ${marker} (since datetime NOT NULL DEFAULT (utc_timestamp())) ENGINE = InnoDB`);
  try {
    await useDatabase(session, objects.database);
    for (const sequence of objects.sequences) await makeSequence(session, sequence, sequence.name);
    for (const table of objects.tables) await makeTable(session, table, table.name);
    await loadRows(session, openLane, source, objects, () => false, same, hooks.onTable);
    for (const table of objects.tables) {
      await verifyKeys(session, table, same);
      await addKeys(session, table, same);
    }
    await makePrograms(session, objects.programs, { disabled: true });
    refuseDifferences(differences(asleep(objects), asleep(await readObjects(session)), () => false));
    await session.script(exactBytes);
    await hooks.loaded(momentOver(source.schema, null, session));
    await session.script(`DROP TABLE ${marker}`);
  } catch (error) {
    await empty(session).catch(() => {});
    throw error;
  }
}

/** Routines remember the collation of the database they were made in. */
export async function useDatabase(
  session: Connection,
  { charset, collation }: MysqlObjects["database"],
): Promise<void> {
  const { rows } = await session.query<{ name: string; collation: string }>(
    `SELECT schema_name AS name, default_collation_name AS collation FROM information_schema.schemata WHERE schema_name = database()`,
  );
  if (rows[0]!.collation === collation) return;
  await session.script(`ALTER DATABASE ${id(rows[0]!.name)} CHARACTER SET ${charset} COLLATE ${collation}`);
}

async function refuseFilled(session: Connection): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database()
     UNION ALL SELECT routine_name FROM information_schema.routines WHERE routine_schema = database()
     UNION ALL SELECT event_name FROM information_schema.events WHERE event_schema = database() LIMIT 1000`,
  );
  if (rows.length === 0) return;
  const cut = rows.some(({ name }) => name === marker);
  throw new RunbackError(
    "RESTORE_TARGET_NOT_EMPTY",
    cut
      ? "The database to restore into holds the beginning of a restore that was cut short."
      : "The database to restore into is not empty.",
    {
      recovery: cut
        ? "Nothing was changed. Drop that database, make it again, and repeat the restore."
        : "Nothing was changed. Name an empty database with --into, or leave --into out to restore the target itself.",
      status: 409,
      details: { found: rows[0]!.name },
    },
  );
}

/** After a failure: the database was empty, so everything in it came with this restore. */
async function empty(session: CopySession): Promise<void> {
  await session.script("ROLLBACK");
  await prepareDefinitions(session);
  const { programs, sequences } = await readObjects(session);
  for (const program of programs) if (program.kind !== "trigger") await dropProgram(session, program);
  for (const { name } of sequences) await session.script(`DROP SEQUENCE IF EXISTS ${id(name)}`);
  const { rows } = await session.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database() AND table_name <> $1`,
    [marker],
  );
  for (const { name } of rows) await session.script(`DROP TABLE IF EXISTS ${id(name)}`);
  await session.script(`DROP TABLE IF EXISTS ${marker}`);
}
