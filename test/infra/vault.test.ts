import { beforeAll, expect, it } from "vitest";
import { deploy, secrets } from "./support/deploy.ts";
import { type Stack, type Statement, statementsOf } from "./support/stack.ts";

let stack: Stack;
let bucket: string;
let policy: readonly Statement[];

beforeAll(async () => {
  stack = await deploy("production", secrets);
  bucket = stack.one("aws:s3/bucket:Bucket", "VaultBucket").bucket as string;
  policy = statementsOf(stack.one("aws:s3/bucketPolicy:BucketPolicy", "VaultPolicy").policy as string);
});

interface Rule {
  readonly id: string;
  readonly filter: { readonly prefix: string };
  readonly expiration?: { readonly days?: number };
  readonly noncurrentVersionExpiration?: { readonly noncurrentDays: number };
}

function rules(): readonly Rule[] {
  return stack.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "VaultLifecycle")
    .rules as readonly Rule[];
}

function denied(action: string, variable?: string): readonly Statement[] {
  return policy.filter(
    ({ effect, actions, conditions }) =>
      effect === "Deny" && actions.includes(action) && (conditions ?? [])[0]?.variable === variable,
  );
}

it("is one bucket under Object Lock that a removal of the stack does not empty", () => {
  expect([...stack.all("aws:s3/bucket:Bucket").keys()]).toEqual(["VaultBucket"]);
  expect(stack.one("aws:s3/bucket:Bucket", "VaultBucket")).toMatchObject({
    objectLockEnabled: true,
    forceDestroy: false,
  });
});

it("keeps every version", () => {
  expect(stack.one("aws:s3/bucketVersioning:BucketVersioning", "VaultVersioning")).toEqual({
    bucket,
    versioningConfiguration: { status: "Enabled" },
  });
});

it("is closed to the public in all four ways, and to other origins", () => {
  expect(stack.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "VaultPublicAccessBlock")).toEqual({
    bucket,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  expect(stack.all("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration").size).toBe(0);
});

it("refuses requests without TLS, to the bucket and to its objects", () => {
  expect(denied("s3:*", "aws:SecureTransport")).toEqual([
    expect.objectContaining({
      resources: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
      conditions: [{ test: "Bool", variable: "aws:SecureTransport", values: ["false"] }],
    }),
  ]);
});

it("allows nothing by its policy: all it does is refuse", () => {
  expect(policy.filter(({ effect }) => effect !== "Deny")).toEqual([]);
});

it("refuses everyone to bypass retention", () => {
  expect(denied("s3:BypassGovernanceRetention")[0]?.resources).toEqual([`arn:aws:s3:::${bucket}/*`]);
});

it("refuses audit anchors without a compliance lock of two years", () => {
  const anchors = [`arn:aws:s3:::${bucket}/runback/audit/*`];
  const conditions = (test: string, variable: string, value: string) => [{ test, variable, values: [value] }];
  expect(denied("s3:PutObject", "s3:object-lock-mode")).toEqual([
    expect.objectContaining({
      resources: anchors,
      conditions: conditions("StringNotEquals", "s3:object-lock-mode", "COMPLIANCE"),
    }),
  ]);
  for (const action of ["s3:PutObject", "s3:PutObjectRetention"]) {
    expect(denied(action, "s3:object-lock-remaining-retention-days")).toContainEqual(
      expect.objectContaining({
        resources: anchors,
        conditions: conditions("NumericLessThan", "s3:object-lock-remaining-retention-days", "729"),
      }),
    );
  }
});

it("refuses locks of more than ten years anywhere, which nobody could take back", () => {
  expect(denied("s3:PutObjectRetention", "s3:object-lock-remaining-retention-days")).toContainEqual(
    expect.objectContaining({
      resources: [`arn:aws:s3:::${bucket}/*`],
      conditions: [
        { test: "NumericGreaterThan", variable: "s3:object-lock-remaining-retention-days", values: ["3653"] },
      ],
    }),
  );
});

it("removes dry runs after 7 days and snapshots after 30, their older versions too", () => {
  const limits = rules().flatMap(({ filter, expiration, noncurrentVersionExpiration: older }) =>
    expiration?.days === undefined ? [] : [[filter.prefix, expiration.days, older?.noncurrentDays]],
  );
  expect(limits).toEqual([
    ["runback/dry-runs/", 7, 1],
    ["runback/snapshots/", 30, 1],
  ]);
});

it("has no rule that removes a current bundle or any version of an audit anchor", () => {
  const removing = rules().filter(
    ({ expiration, noncurrentVersionExpiration: older }) => expiration?.days !== undefined || older !== undefined,
  );
  for (const key of ["runback/bundles/run-1/SHA256SUMS", "runback/audit/2026/head.json"]) {
    const applying = removing.filter(({ filter }) => key.startsWith(filter.prefix));
    expect(applying.filter(({ expiration }) => expiration?.days !== undefined)).toEqual([]);
    if (key.startsWith("runback/audit/")) expect(applying).toEqual([]);
  }
});

it("clears uploads that were never completed", () => {
  expect(rules()).toContainEqual(
    expect.objectContaining({ filter: { prefix: "" }, abortIncompleteMultipartUpload: { daysAfterInitiation: 2 } }),
  );
});
