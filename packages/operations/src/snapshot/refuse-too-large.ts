import { qualifiedName, RunbackError, type SnapshotPort } from "@runback/core";
import type { SnapshotManifest } from "@runback/vault";

/** Before anything is begun. @throws `RESTORE_TOO_LARGE` when the target's limits would end the restore half way */
export function refuseTooLarge({ rowsAtMost }: SnapshotPort, { tables }: Pick<SnapshotManifest, "tables">): void {
  const large = tables.find(({ rows }) => rowsAtMost !== undefined && rows > rowsAtMost);
  if (large === undefined) return;
  throw new RunbackError(
    "RESTORE_TOO_LARGE",
    `${qualifiedName(large)} has ${large.rows} rows, and this way to the target restores tables of up to ${rowsAtMost}.`,
    {
      recovery: "Nothing was changed. Reach the same database by its own address (postgres://) and restore there.",
      status: 409,
      details: { table: qualifiedName(large), rows: large.rows, rowsAtMost },
    },
  );
}
