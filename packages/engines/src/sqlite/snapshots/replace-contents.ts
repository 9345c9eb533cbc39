import { type Connection, type RestoreHooks, RunbackError, type SnapshotSource, type TableRef } from "@runback/core";
import { id } from "../dialect.ts";
import type { Session } from "../session.ts";
import { builderObjects, buildSchema } from "./build-schema.ts";
import { journalPosition, momentOver } from "./capture-moment.ts";
import { describeSchema } from "./describe-schema.ts";
import { isTied } from "./find-unsupported.ts";
import { enrollAgain, settleNames } from "./keep-layouts.ts";
import { readObjects } from "./read-objects.ts";
import type { SchemaObject } from "./schema-object.ts";

/**
 * Exchanges everything users have for the contents of a snapshot, inside the session's transaction. That has the file's one write
 * lock from its beginning, which is the freeze; readers see the file as it was until it commits, and an interrupted one was never there.
 */
export async function replaceContents(
  session: Session,
  tx: Connection,
  source: SnapshotSource,
  keep: readonly TableRef[],
  hooks: RestoreHooks,
): Promise<void> {
  builderObjects(source.schema);
  const tied = keep.find((table) => isTied(session, table));
  if (tied) throw auditTied(tied);
  await hooks.frozen(momentOver(session, describeSchema(session), journalPosition(session)));

  const kept = new Set(keep.map(({ name }) => name.toLowerCase()));
  const leaveOut = (table: string) => kept.has(table.toLowerCase());
  const journaled = await settleNames(tx);
  dropAll(session, leaveOut);
  await buildSchema(session, source, leaveOut, hooks.onTable);
  const tables = source.schema.tables.filter(({ name }) => !leaveOut(name));
  await hooks.loaded(momentOver(session, { ...source.schema, tables }));
  await enrollAgain(tx, journaled);
  await hooks.switched(tx);
}

const dropped: readonly SchemaObject["kind"][] = ["trigger", "view", "virtual table", "table"];

/** Foreign keys are off, or the rows of parents would be deleted one by one. Indexes go with their tables. */
function dropAll(session: Session, leaveOut: (table: string) => boolean): void {
  const objects = readObjects(session).filter(({ of }) => of !== null && !leaveOut(of));
  for (const kind of dropped)
    for (const object of objects)
      if (object.kind === kind) session.exec(`DROP ${kind.replace("virtual ", "").toUpperCase()} ${id(object.name)}`);
}

function auditTied({ name }: TableRef): RunbackError {
  return new RunbackError("RESTORE_AUDIT_TIED", `The audit table ${name} is tied to tables that a restore replaces.`, {
    recovery: "Nothing was changed. Remove foreign keys from and to the audit table, or restore with --into.",
    status: 409,
  });
}
