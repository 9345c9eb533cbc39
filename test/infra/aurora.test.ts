import { beforeAll, describe, expect, it } from "vitest";
import { deploy } from "./support/deploy.ts";
import type { Stack } from "./support/stack.ts";

let stack: Stack;
let cluster: Readonly<Record<string, unknown>>;
beforeAll(async () => {
  // Without the secret DatabaseUrl: this stack has its own database and must not ask for another's URL.
  stack = await deploy("production", { SST_SECRET_AdminToken: "t", RUNBACK_DATABASE: "aurora" });
  cluster = stack.one("aws:rds/cluster:Cluster", "DatabaseCluster");
});

const FUNCTION = "aws:lambda/function:Function";

describe("the cluster", () => {
  it("is Aurora PostgreSQL, encrypted, with the Data API, and does not pause", () => {
    expect(cluster).toMatchObject({
      engine: "aurora-postgresql",
      storageEncrypted: true,
      enableHttpEndpoint: true,
      serverlessv2ScalingConfiguration: { minCapacity: 0.5, maxCapacity: 8 },
    });
  });

  it("cannot be deleted by mistake, and leaves a final snapshot and 35 days of backups when it is", () => {
    expect(cluster).toMatchObject({
      deletionProtection: true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: "runback-production-final-NetworkVpc-id",
      backupRetentionPeriod: 35,
      copyTagsToSnapshot: true,
    });
  });

  it("is refused to be replaced or removed by a deploy, as is the vault", () => {
    const keeping = { protect: true, retainOnDelete: true };
    expect(stack.keeping("aws:rds/cluster:Cluster", "DatabaseCluster")).toEqual(keeping);
    expect(stack.keeping("aws:s3/bucket:Bucket", "VaultBucket")).toEqual(keeping);
    expect(stack.app).toMatchObject({ removal: "retain", protect: true });
  });

  it("does not cross a major version in a deploy", () => {
    expect(cluster.allowMajorVersionUpgrade).toBe(false);
  });

  it("sends its log to CloudWatch", () => {
    expect(cluster.enabledCloudwatchLogsExports).toEqual(["postgresql"]);
  });
});

describe("the network", () => {
  it("holds every function, in private subnets", () => {
    const functions = [...stack.all(FUNCTION)].filter(([name]) => !name.startsWith("Network"));
    expect(functions).toHaveLength(9);
    for (const [, { vpcConfig }] of functions) {
      expect(vpcConfig).toMatchObject({ subnetIds: ["NetworkPrivateSubnet1-id", "NetworkPrivateSubnet2-id"] });
    }
  });

  it("holds the cluster in the same private subnets", () => {
    const subnets = stack.one("aws:rds/subnetGroup:SubnetGroup", "DatabaseSubnetGroup").subnetIds;
    expect(subnets).toEqual(["NetworkPrivateSubnet1-id", "NetworkPrivateSubnet2-id"]);
  });

  it("reaches the vault without NAT", () => {
    expect(stack.one("aws:ec2/vpcEndpoint:VpcEndpoint", "NetworkS3")).toEqual({
      vpcId: "NetworkVpc-id",
      serviceName: "com.amazonaws.eu-central-1.s3",
      vpcEndpointType: "Gateway",
      routeTableIds: ["NetworkPrivateRouteTable1-id", "NetworkPrivateRouteTable2-id"],
    });
  });

  it("leaves through a NAT gateway in each zone", () => {
    expect(stack.all("aws:ec2/natGateway:NatGateway").size).toBe(2);
  });
});

it("gives its URL to the functions as a link, verified TLS and all, and not in their environment", () => {
  const link = stack.one("sst:sst:LinkRef", "DatabaseUrlLinkRef");
  expect(link.properties).toEqual({
    value: "postgres://postgres:generated@db.example:5432/runback?sslmode=verify-full",
  });
  for (const [, { environment }] of stack.all(FUNCTION)) expect(JSON.stringify(environment)).not.toContain("generated");
});

it("grants the functions nothing on the cluster or its password secret: the URL is all they have", () => {
  const roles = [
    "ApiRole",
    "RunsHandlerRole",
    "AuditVerificationFunctionRole",
    "AlertDeliveryFunctionRole",
    "CompletionFunctionRole",
    "CutoverMonitorsFunctionRole",
    "AttendanceAuditFunctionRole",
    "SnapshotVerificationFunctionRole",
    "VaultRetentionFunctionRole",
  ];
  const actions = roles.flatMap((role) => stack.statements(role).flatMap((statement) => statement.actions));
  expect(actions.length).toBeGreaterThan(0);
  expect(actions.filter((action) => /^(rds|rds-data|secretsmanager):/.test(action))).toEqual([]);
});
