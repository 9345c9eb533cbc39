import { randomBytes } from "node:crypto";
import {
  type Connection,
  type Engine,
  type RestoreHooks,
  RunbackError,
  type SnapshotMoment,
  type SnapshotPort,
  type SnapshotSource,
  type TableRef,
  type TransactionOptions,
} from "@runback/core";
import { id } from "./dialect.ts";
import { journalPosition, momentOver } from "./snapshots/capture-moment.ts";
import { type CopySession, exactBytes } from "./snapshots/copy-session.ts";
import { describeSchema, family } from "./snapshots/describe-schema.ts";
import { loadSnapshot } from "./snapshots/load-snapshot.ts";
import { replaceContents } from "./snapshots/replace-contents.ts";
import { readRecord } from "./snapshots/restore-record.ts";
import { hasRestore, recoverRestore } from "./snapshots/revert-switch.ts";

/** What snapshots need of the driver. */
export interface SnapshotDriver {
  readonly connection: Connection;
  /** A session whose settings are nobody else's afterwards; without modes it is in no transaction. */
  copying<T>(work: (session: CopySession) => Promise<T>, modes?: TransactionOptions): Promise<T>;
  /** The same server, another database. */
  readonly beside: (database: string) => Engine;
}

export function snapshots(driver: SnapshotDriver): SnapshotPort {
  return {
    family,
    capture: (work) => capture(driver, false, work),
    load: (source, hooks) =>
      driver.copying((session) => loadSnapshot(session, (work) => driver.copying(work), source, hooks)),
    replace: (source, keep, hooks) => replace(driver, source, keep, hooks),
    scratch: () => scratch(driver),
  };
}

function capture<T>(
  driver: SnapshotDriver,
  leaveOutBroken: boolean,
  work: (moment: SnapshotMoment) => Promise<T>,
): Promise<T> {
  return driver.copying(
    async (tx) => {
      const schema = await describeSchema(tx, leaveOutBroken);
      const journal = await journalPosition(tx);
      await tx.script(exactBytes);
      return await work(momentOver(schema, journal, tx));
    },
    { isolation: "snapshot", readOnly: true },
  );
}

/** A session that is lost in the middle takes nothing with it: another one finds in the record what is to be done. */
async function replace(
  driver: SnapshotDriver,
  source: SnapshotSource,
  keep: readonly TableRef[],
  hooks: RestoreHooks,
): Promise<void> {
  try {
    await driver.copying((session) =>
      replaceContents(
        session,
        (work) => driver.copying(work),
        source,
        keep,
        hooks,
        (work) => capture(driver, true, work),
      ),
    );
  } catch (error) {
    if (!(error instanceof RunbackError) || error.code !== "TARGET_UNREACHABLE") throw error;
    // Its answer to the last COMMIT may have been lost with it.
    const done = await readRecord(driver.connection).then((known) => known?.state === "done");
    await recover(driver);
    if (!done) throw error;
  }
}

/** Ends what a killed restore began; see `recoverRestore`. */
export async function recover(driver: SnapshotDriver): Promise<void> {
  if (await hasRestore(driver.connection)) await driver.copying(recoverRestore);
}

const prefix = "runback_scratch_";

/** Leftovers of processes that were killed go with the next one, a day later. */
async function scratch({ connection, beside }: SnapshotDriver): Promise<Engine | undefined> {
  const about = await connection.query<{ charset: string; collation: string; now: string }>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation, CAST(unix_timestamp() AS char) AS now
     FROM information_schema.schemata WHERE schema_name = database()`,
  );
  const { charset, collation, now } = about.rows[0]!;
  const left = await connection.query<{ name: string }>(
    `SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name REGEXP '^runback_scratch_[0-9]+_[0-9a-f]+$'
       AND substring_index(substr(schema_name, ${prefix.length + 1}), '_', 1) + 0 < $1 - 86400`,
    [now],
  );
  for (const { name } of left.rows) await connection.script(`DROP DATABASE IF EXISTS ${id(name)}`).catch(() => {});
  const name = `${prefix}${now}_${randomBytes(4).toString("hex")}`;
  try {
    await connection.script(`CREATE DATABASE ${id(name)} CHARACTER SET ${charset} COLLATE ${collation}`);
  } catch (error) {
    if (notAllowed(error)) return undefined;
    throw error;
  }
  const engine = beside(name);
  return {
    ...engine,
    close: async () => {
      await engine.close();
      await connection.script(`DROP DATABASE IF EXISTS ${id(name)}`);
    },
  };
}

/** The driver files "access denied" under the refusals of a connection. */
function notAllowed(error: unknown): boolean {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return code === "TARGET_REFUSED" || errno === 1044 || errno === 1227;
}
