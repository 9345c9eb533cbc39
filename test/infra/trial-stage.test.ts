import { beforeAll, expect, it } from "vitest";
import { deploy } from "./support/deploy.ts";
import type { Stack } from "./support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await deploy("trial", { SST_SECRET_AdminToken: "t", RUNBACK_DATABASE: "aurora" });
});

it("can be removed, unlike production", () => {
  expect(stack.app).toMatchObject({ removal: "remove", protect: false });
  expect(stack.one("aws:rds/cluster:Cluster", "DatabaseCluster").deletionProtection).toBe(false);
  const keeping = { protect: false, retainOnDelete: false };
  expect(stack.keeping("aws:rds/cluster:Cluster", "DatabaseCluster")).toEqual(keeping);
  expect(stack.keeping("aws:s3/bucket:Bucket", "VaultBucket")).toEqual(keeping);
});

it("leaves a final snapshot all the same, under a name that the next one does not take", () => {
  expect(stack.one("aws:rds/cluster:Cluster", "DatabaseCluster")).toMatchObject({
    skipFinalSnapshot: false,
    finalSnapshotIdentifier: "runback-trial-final-NetworkVpc-id",
  });
});

it("costs little while nobody uses it", () => {
  const { serverlessv2ScalingConfiguration } = stack.one("aws:rds/cluster:Cluster", "DatabaseCluster");
  expect(serverlessv2ScalingConfiguration).toMatchObject({ minCapacity: 0 });
  expect(stack.all("aws:ec2/natGateway:NatGateway").size).toBe(0);
});

it("has the same vault: Object Lock, versions, and no emptying on removal", () => {
  expect(stack.one("aws:s3/bucket:Bucket", "VaultBucket")).toMatchObject({
    objectLockEnabled: true,
    forceDestroy: false,
  });
  expect(stack.all("aws:s3/bucketVersioning:BucketVersioning").size).toBe(1);
});
