import { VAULT_PREFIX } from "./vault-lifecycle.ts";

/** Two years, the least that the trail of a migration is kept. */
const ANCHOR_RETENTION_DAYS = 730;
/** A lock in compliance mode cannot be undone by anyone: a wrong date must not make the bucket undeletable for a lifetime. */
const MAX_RETENTION_DAYS = 3_653;

const ANCHORS = [`${VAULT_PREFIX}/audit/*`];
const REMAINING = "s3:object-lock-remaining-retention-days";

/**
 * Refusals that hold for everyone, the account's administrators included, until somebody changes this policy and thereby
 * leaves a trace. SST adds the refusal of requests without TLS.
 */
export const vaultBucketPolicy: NonNullable<sst.aws.BucketArgs["policy"]> = [
  deny(["s3:BypassGovernanceRetention"], ["*"]),
  // A request without the header matches too: a negated test is true when its key is absent.
  deny(["s3:PutObject"], ANCHORS, { test: "StringNotEquals", variable: "s3:object-lock-mode", values: ["COMPLIANCE"] }),
  // One less: S3 counts whole days that remain when the request arrives, a moment after the date was computed.
  deny(["s3:PutObject", "s3:PutObjectRetention"], ANCHORS, {
    test: "NumericLessThan",
    variable: REMAINING,
    values: [`${ANCHOR_RETENTION_DAYS - 1}`],
  }),
  deny(["s3:PutObject", "s3:PutObjectRetention"], ["*"], {
    test: "NumericGreaterThan",
    variable: REMAINING,
    values: [`${MAX_RETENTION_DAYS}`],
  }),
];

function deny(actions: string[], paths: string[], condition?: { test: string; variable: string; values: string[] }) {
  return {
    effect: "deny" as const,
    principals: "*" as const,
    actions,
    paths,
    ...(condition === undefined ? {} : { conditions: [condition] }),
  };
}
