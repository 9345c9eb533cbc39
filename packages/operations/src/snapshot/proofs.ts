import type { Vault } from "@runback/core";

/** One object a successful verification: beside the snapshots, which nothing may be added to. */
const prefix = (snapshotId: string) => `snapshot-proofs/${snapshotId}/`;

export async function addProof(vault: Vault, snapshotId: string, at: Date, about: object): Promise<void> {
  const key = `${prefix(snapshotId)}${at.toISOString().replaceAll(":", "-")}.json`;
  await vault.put(key, Buffer.from(`${JSON.stringify({ snapshotId, at: at.toISOString(), ...about })}\n`));
}

/** When the snapshot was last restored and found the same; null when never. */
export async function lastProof(vault: Vault, snapshotId: string): Promise<Date | null> {
  let last: string | undefined;
  for await (const { key } of vault.list(prefix(snapshotId))) last = key;
  const at = /\/(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)\.json$/.exec(last ?? "");
  return at === null ? null : new Date(`${at[1]}:${at[2]}:${at[3]}`);
}
