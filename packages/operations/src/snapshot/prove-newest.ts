import { RunbackError } from "@runback/core";
import { listSnapshots, openSnapshot } from "@runback/vault";
import type { Context } from "../context.ts";
import { lastProof } from "./proofs.ts";
import type { SnapshotVerification, SnapshotVerifyOptions } from "./verify.ts";
import { verifySnapshot } from "./verify.ts";

const dayMs = 24 * 60 * 60 * 1000;
const everyDays = 7;
/** A day of patience: a schedule that failed once is tried again before this. */
const overdueDays = 8;

/**
 * What a daily schedule calls: once a week it proves the newest snapshot by restoring it. Throws when there is none, when it
 * does not restore, or when a proof is overdue because earlier tries did not finish.
 *
 * @returns the verification, or null when the newest one was proven within the week
 * @throws `SNAPSHOT_MISSING`, `SNAPSHOT_UNPROVEN`, `SNAPSHOT_OVERDUE`
 */
export async function proveNewestSnapshot(
  context: Context,
  options: Omit<SnapshotVerifyOptions, "snapshotId">,
): Promise<SnapshotVerification | null> {
  const { vault, clock } = context;
  const [snapshotId] = await listSnapshots(vault);
  if (snapshotId === undefined) {
    throw new RunbackError("SNAPSHOT_MISSING", "There is no snapshot in the vault: nothing could be restored.", {
      recovery: "Take one with `runback snapshot create`.",
      exit: 1,
      status: 409,
    });
  }
  const proven = await lastProof(vault, snapshotId);
  const age = (since: Date) => (clock.now().getTime() - since.getTime()) / dayMs;
  if (proven !== null && age(proven) < everyDays) return null;
  try {
    const result = await verifySnapshot(context, { ...options, snapshotId });
    if (result.ok) return result;
    throw new RunbackError(
      "SNAPSHOT_UNPROVEN",
      `Snapshot ${snapshotId} does not restore: ${result.problems.slice(0, 3).join("; ")}.`,
      {
        recovery: "Take a new snapshot now, then look with `runback snapshot verify` at what is wrong with this one.",
        exit: 1,
        status: 409,
        details: { snapshotId, problems: result.problems.slice(0, 100) },
      },
    );
  } catch (error) {
    const since = proven ?? (await takenAt(context, snapshotId));
    if (since !== null && age(since) < overdueDays) throw error;
    throw new RunbackError(
      "SNAPSHOT_OVERDUE",
      `Snapshot ${snapshotId} was not proven restorable for more than ${overdueDays} days.`,
      {
        recovery: "Take a new snapshot, and run `runback snapshot verify` to see what keeps it from being proven.",
        exit: 1,
        status: 409,
        details: { snapshotId, provenAt: proven?.toISOString() ?? null },
        cause: error,
      },
    );
  }
}

/** Null when even that cannot be read: then nothing speaks for it. */
async function takenAt({ vault }: Context, snapshotId: string): Promise<Date | null> {
  const opened = await openSnapshot(vault, snapshotId).catch(() => undefined);
  return opened === undefined ? null : new Date(opened.manifest.takenAt);
}
