import { type RestoreHooks, RunbackError, type SnapshotSource } from "@runback/core";
import { builderObjects, differ } from "./assert-same.ts";
import { loadRows, makeObjects, prepareBuilder } from "./build-schema.ts";
import { momentOver } from "./capture-moment.ts";
import type { CopySession } from "./copy-session.ts";
import { readObjects } from "./describe-schema.ts";
import { ofUsers } from "./of-users.ts";

/** Builds a snapshot in an empty database, inside one transaction. */
export async function loadSnapshot(
  session: CopySession,
  source: SnapshotSource,
  hooks: Pick<RestoreHooks, "loaded" | "onTable">,
): Promise<void> {
  const objects = builderObjects(source.schema);
  await prepareBuilder(session);
  await refuseFilled(session);
  await makeObjects(session, objects.before);
  await loadRows(session, source, () => false, hooks.onTable);
  await makeObjects(session, objects.after);
  await prepareBuilder(session);
  // A server may offer an extension in a newer version, with other comments; the schema `public` is always there.
  differ(objects, await readObjects(session), ({ kind }) => kind === "schema" || kind === "extension");
  await hooks.loaded(momentOver(source.schema, null, [session]));
}

async function refuseFilled(session: CopySession): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT starts_with(n.nspname::text, 'pg_') LIMIT 1`,
  );
  const functions = await session.query(
    `SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ofUsers}
     UNION ALL SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${ofUsers} LIMIT 1`,
  );
  if (rows.length === 0 && functions.count === 0) return;
  throw new RunbackError("RESTORE_TARGET_NOT_EMPTY", "The database to restore into is not empty.", {
    recovery:
      "Nothing was changed. Name an empty database with --into, or leave --into out to restore the target itself.",
    status: 409,
    details: { found: rows[0]?.name ?? "functions or types" },
  });
}
