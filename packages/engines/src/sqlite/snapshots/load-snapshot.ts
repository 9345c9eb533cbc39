import { type RestoreHooks, RunbackError, type SnapshotSource } from "@runback/core";
import type { Session } from "../session.ts";
import { builderObjects, buildSchema } from "./build-schema.ts";
import { momentOver } from "./capture-moment.ts";

/** Builds a snapshot in an empty file, inside one transaction. */
export async function loadSnapshot(
  session: Session,
  source: SnapshotSource,
  hooks: Pick<RestoreHooks, "loaded" | "onTable">,
): Promise<void> {
  builderObjects(source.schema);
  const filled = session.run<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' LIMIT 1",
  );
  if (filled.count > 0) {
    throw new RunbackError("RESTORE_TARGET_NOT_EMPTY", "The database to restore into is not empty.", {
      recovery:
        "Nothing was changed. Name an empty database with --into, or leave --into out to restore the target itself.",
      status: 409,
      details: { found: filled.rows[0]!.name },
    });
  }
  await buildSchema(session, source, () => false, hooks.onTable);
  await hooks.loaded(momentOver(session, source.schema));
}
