import type { Settings } from "./settings.ts";
import { vaultBucketPolicy } from "./vault-bucket-policy.ts";
import { VAULT_PREFIX, vaultLifecycle } from "./vault-lifecycle.ts";

/**
 * The vault: one versioned bucket under Object Lock. The bucket itself is not handed out, because linking it grants `s3:*`;
 * functions link `access` (read, write, list) or `sweep` (that, and delete what retention allows).
 */
export function createVault(settings: Settings) {
  const bucket = new sst.aws.Bucket("Vault", {
    versioning: true,
    cors: false,
    policy: vaultBucketPolicy,
    transform: {
      bucket: (args, options) => {
        // Only a bucket created with it has Object Lock from its first object on.
        args.objectLockEnabled = true;
        args.forceDestroy = false;
        options.protect = settings.production;
      },
    },
  });
  new aws.s3.BucketLifecycleConfiguration("VaultLifecycle", { bucket: bucket.name, rules: vaultLifecycle });

  const objects = $interpolate`${bucket.arn}/${VAULT_PREFIX}/*`;
  const use = [
    sst.aws.permission({
      // PutObjectRetention: a put that carries a retention date needs it too. It lengthens retention, never shortens it.
      actions: [
        "s3:GetObject",
        "s3:PutObject",
        "s3:PutObjectRetention",
        "s3:GetObjectRetention",
        "s3:AbortMultipartUpload",
      ],
      resources: [objects],
    }),
    sst.aws.permission({
      // IfExists: a HEAD of an absent key asks for ListBucket without a prefix, and without this it answers 403, not 404.
      actions: ["s3:ListBucket"],
      resources: [bucket.arn],
      conditions: [{ test: "StringLikeIfExists", variable: "s3:prefix", values: [`${VAULT_PREFIX}/*`] }],
    }),
  ];
  // Audit anchors are not in the list: nothing that Runback runs may remove one.
  const remove = sst.aws.permission({
    actions: ["s3:DeleteObject"],
    resources: ["dry-runs", "runs", "snapshots"].map((kind) => $interpolate`${bucket.arn}/${VAULT_PREFIX}/${kind}/*`),
  });

  const url = $interpolate`s3://${bucket.name}/${VAULT_PREFIX}?region=${aws.getRegionOutput().region}`;
  return {
    url,
    access: new sst.Linkable("VaultAccess", { properties: { url }, include: use }),
    sweep: new sst.Linkable("VaultSweep", { properties: { url }, include: [...use, remove] }),
  };
}

export type Vault = ReturnType<typeof createVault>;
