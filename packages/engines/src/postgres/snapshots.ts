import { randomBytes } from "node:crypto";
import {
  type Engine,
  type RestoreHooks,
  RunbackError,
  type SnapshotMoment,
  type SnapshotPort,
  type SnapshotSource,
  type SnapshotTable,
  type TransactionOptions,
} from "@runback/core";
import { id, literal } from "./dialect.ts";
import { useExactText } from "./session.ts";
import { journalPosition, momentOver, readerSettings } from "./snapshots/capture-moment.ts";
import type { CopySession } from "./snapshots/copy-session.ts";
import { describeSchema, family } from "./snapshots/describe-schema.ts";
import { dropReplaced } from "./snapshots/drop-replaced.ts";
import { loadSnapshot } from "./snapshots/load-snapshot.ts";
import { replaceContents } from "./snapshots/replace-contents.ts";

export interface SnapshotTransaction extends TransactionOptions {
  /** Sees what the session that exported it sees. */
  readonly moment?: string;
}

/** What snapshots need of a driver. */
export interface SnapshotDriver {
  readonly connection: CopySession;
  /** Several sessions may read one moment at once. */
  readonly parallel: boolean;
  /** No COPY beneath: rows travel as text, whatever their types. */
  readonly textOnly?: boolean;
  /** Rows of the largest table that can be built here, where that is bounded. */
  readonly rowsAtMost?: number;
  transaction<T>(work: (tx: CopySession) => Promise<T>, options?: SnapshotTransaction): Promise<T>;
  /** The same server, another database; undefined where there is one database only. */
  readonly beside?: (database: string) => Engine;
}

export function snapshots(driver: SnapshotDriver): SnapshotPort {
  return {
    family,
    capture: (work) => capture(driver, undefined, work),
    ...(driver.rowsAtMost === undefined ? {} : { rowsAtMost: driver.rowsAtMost }),
    load: async (source, hooks) => {
      if (driver.textOnly) refuseBinary(source);
      await driver.transaction((tx) => loadSnapshot(tx, source, hooks));
    },
    replace: async (source, keep, hooks: RestoreHooks) => {
      if (driver.textOnly) refuseBinary(source);
      await driver.transaction((tx) =>
        replaceContents(tx, source, keep, hooks, (session, work) => capture(driver, session, work)),
      );
    },
    dropReplaced: () => dropReplaced(driver),
    scratch: () => scratch(driver),
  };
}

/**
 * @param held a session in whose transaction nobody else can write: it reads itself, since its own locks need not be waited for
 */
async function capture<T>(
  driver: SnapshotDriver,
  held: CopySession | undefined,
  work: (moment: SnapshotMoment) => Promise<T>,
): Promise<T> {
  const within = async (tx: CopySession): Promise<T> => {
    await tx.query(readerSettings);
    const described = await describeSchema(tx);
    const schema = driver.textOnly ? { ...described, tables: described.tables.map(asText) } : described;
    const journal = await journalPosition(tx);
    if (held || !driver.parallel) return await work(momentOver(schema, journal, [tx]));
    const exported = await tx.query<{ moment: string }>("SELECT pg_export_snapshot() AS moment");
    return await driver.transaction(
      async (second) => {
        await second.query(readerSettings);
        // The settings that make text exact, which describing set in the first session.
        await second.query(useExactText);
        return await work(momentOver(schema, journal, [tx, second]));
      },
      { isolation: "snapshot", readOnly: true, moment: exported.rows[0]!.moment },
    );
  };
  return held ? await within(held) : await driver.transaction(within, { isolation: "snapshot", readOnly: true });
}

/** @throws `RESTORE_NEEDS_COPY` */
function refuseBinary({ schema }: SnapshotSource): void {
  const binary = schema.tables.find(({ encoding }) => encoding === "copy-binary");
  if (binary === undefined) return;
  throw new RunbackError("RESTORE_NEEDS_COPY", `The rows of ${binary.name} are in a form that only COPY reads.`, {
    recovery:
      "Nothing was changed. The snapshot was taken over a direct connection: restore it over the cluster's postgres:// address.",
    status: 409,
  });
}

function asText(table: SnapshotTable): SnapshotTable {
  return { ...table, encoding: "copy-text" };
}

const prefix = "runback_scratch_";

/** Leftovers of processes that were killed go with the next one, a day later; what is in use cannot be dropped. */
async function scratch(driver: SnapshotDriver): Promise<Engine | undefined> {
  const { connection, beside } = driver;
  if (beside === undefined) return undefined;
  const about = await connection.query<{ may: boolean; encoding: string; collate: string; ctype: string; now: string }>(
    `SELECT r.rolcreatedb OR r.rolsuper AS may, pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collate,
       d.datctype::text AS ctype, floor(extract(epoch FROM now()))::bigint::text AS now
     FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()`,
  );
  const { may, encoding, collate, ctype, now } = about.rows[0]!;
  if (!may) return undefined;
  const left = await connection.query<{ name: string }>(
    `SELECT datname::text AS name FROM pg_database WHERE starts_with(datname::text, $1)
       AND split_part(datname::text, '_', 3) ~ '^[0-9]+$' AND split_part(datname::text, '_', 3)::bigint < $2::bigint - 86400`,
    [prefix, now],
  );
  for (const { name } of left.rows) await connection.script(`DROP DATABASE IF EXISTS ${id(name)}`).catch(() => {});
  const name = `${prefix}${now}_${randomBytes(4).toString("hex")}`;
  await connection.script(
    `CREATE DATABASE ${id(name)} TEMPLATE template0 ENCODING ${literal(encoding)} LC_COLLATE ${literal(collate)} LC_CTYPE ${literal(ctype)}`,
  );
  const engine = beside(name);
  return {
    ...engine,
    close: async () => {
      await engine.close();
      await connection.script(`DROP DATABASE IF EXISTS ${id(name)} WITH (FORCE)`);
    },
  };
}
