/** Everything Runback stores is under it, so that permissions can name it. */
export const VAULT_PREFIX = "runback";

const DRY_RUN_DAYS = 7;
const SNAPSHOT_DAYS = 30;
/** How long a replaced or deleted bundle can still be fetched by its version. */
const BUNDLE_UNDO_DAYS = 90;

/**
 * What the store removes by itself, should the retention schedule not run. A version under Object Lock outlives every rule.
 * Bundles are evidence and only become cheaper; audit anchors have no rule that could remove them.
 */
export const vaultLifecycle = [
  expiring("dry-runs", DRY_RUN_DAYS),
  expiring("snapshots", SNAPSHOT_DAYS),
  {
    id: "bundles",
    status: "Enabled",
    filter: { prefix: `${VAULT_PREFIX}/bundles/` },
    transitions: [{ days: 90, storageClass: "STANDARD_IA" }],
    noncurrentVersionExpiration: { noncurrentDays: BUNDLE_UNDO_DAYS },
  },
  {
    id: "leftovers",
    status: "Enabled",
    filter: { prefix: "" },
    abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
    expiration: { expiredObjectDeleteMarker: true },
  },
];

function expiring(kind: string, days: number) {
  return {
    id: kind,
    status: "Enabled",
    filter: { prefix: `${VAULT_PREFIX}/${kind}/` },
    expiration: { days },
    // In a versioned bucket an expired object stays as an older version, and is paid for, until this removes it.
    noncurrentVersionExpiration: { noncurrentDays: 1 },
  };
}
