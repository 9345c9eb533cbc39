import { RunbackError } from "@runback/core";
import { shown } from "../errors.ts";

export function snapshotNotFound(snapshotId: string, cause?: unknown): RunbackError {
  return new RunbackError("SNAPSHOT_NOT_FOUND", `There is no snapshot ${shown(snapshotId)} in the vault.`, {
    recovery: "List them with `runback snapshot list`, and check that VAULT_URL names the vault it was written to.",
    status: 404,
    cause,
  });
}

export function snapshotDamaged(name: string, why: string, cause?: unknown): RunbackError {
  return new RunbackError("SNAPSHOT_DAMAGED", `The snapshot's ${shown(name)} is not what was written: ${why}.`, {
    recovery:
      "Nothing was changed. `runback snapshot verify` says which objects are damaged; use another snapshot or copy.",
    exit: 1,
    status: 409,
    cause,
  });
}
