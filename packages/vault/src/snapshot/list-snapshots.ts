import { isSnapshotId, type Vault } from "@runback/core";
import { SUMS_NAME } from "../sums.ts";

/** Ids of the finished snapshots, newest first. */
export async function listSnapshots(vault: Vault): Promise<string[]> {
  const ids: string[] = [];
  for await (const { key } of vault.list("snapshots/")) {
    const [, id, name, ...rest] = key.split("/");
    if (id !== undefined && isSnapshotId(id) && name === SUMS_NAME && rest.length === 0) ids.push(id);
  }
  return ids.reverse();
}
