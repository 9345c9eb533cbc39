import { RunbackError, type SnapshotSchema } from "@runback/core";
import { family } from "./describe-schema.ts";
import type { MysqlObjects } from "./schema-object.ts";

/** The definitions of a snapshot. @throws `RESTORE_FAMILY_DIFFERS` when another engine took it */
export function builderObjects(schema: SnapshotSchema): MysqlObjects {
  if (schema.family === family) return schema.objects as MysqlObjects;
  throw new RunbackError("RESTORE_FAMILY_DIFFERS", `The snapshot is of another kind of database (${schema.family}).`, {
    recovery: `Nothing was changed. Restore it into a database of the kind ${schema.family}.`,
    status: 409,
  });
}

/** @throws `RESTORE_SCHEMA_DIFFERS` unless nothing differs */
export function refuseDifferences(found: readonly string[]): void {
  if (found.length === 0) return;
  throw new RunbackError(
    "RESTORE_SCHEMA_DIFFERS",
    `${found.length} object(s) came back different: ${found.slice(0, 5).join(", ")}.`,
    {
      recovery:
        "Nothing was changed. Another server version may spell definitions differently: restore on the one the snapshot was taken from.",
      exit: 1,
      status: 409,
      details: { objects: found.slice(0, 1000) },
    },
  );
}
