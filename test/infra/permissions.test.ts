import { beforeAll, describe, expect, it } from "vitest";
import { deploy, secrets } from "./support/deploy.ts";
import type { Stack } from "./support/stack.ts";

let stack: Stack;
let vault: string;
beforeAll(async () => {
  stack = await deploy("production", secrets);
  vault = `arn:aws:s3:::${stack.one("aws:s3/bucket:Bucket", "VaultBucket").bucket}`;
});

const functionRoles = [
  "ApiRole",
  "RunsHandlerRole",
  "AuditVerificationFunctionRole",
  "AlertDeliveryFunctionRole",
  "AttendanceAuditFunctionRole",
  "CompletionFunctionRole",
  "CutoverMonitorsFunctionRole",
  "SnapshotVerificationFunctionRole",
  "VaultRetentionFunctionRole",
];
const scheduleRoles = [
  "AlertDeliveryRole",
  "AttendanceAuditRole",
  "AuditVerificationRole",
  "CompletionRole",
  "CutoverMonitorsRole",
  "SnapshotVerificationRole",
  "VaultRetentionRole",
];

/** Every action a role may do, with the resources of the statement that allows it. */
function grants(role: string): Record<string, readonly string[]> {
  return Object.fromEntries(
    stack.statements(role).flatMap(({ actions, resources = [] }) => actions.map((action) => [action, resources])),
  );
}

it("creates these roles and no others, so that each is looked at here", () => {
  expect([...stack.all("aws:iam/role:Role").keys()].sort()).toEqual([...functionRoles, ...scheduleRoles].sort());
});

describe.each([...functionRoles, ...scheduleRoles])("%s", (role) => {
  it("has no action with a wildcard and no resource that is one", () => {
    const statements = stack.statements(role);
    expect(statements.length).toBeGreaterThan(0);
    for (const { actions, resources } of statements) {
      expect(actions.filter((action) => action.includes("*"))).toEqual([]);
      expect(resources?.length).toBeGreaterThan(0);
      expect(resources?.filter((resource) => resource === "*" || /^arn:aws:\w+:\*/.test(resource))).toEqual([]);
    }
  });

  it("cannot bypass retention, remove a version, a lock or the bucket, or change its rules", () => {
    const s3 = Object.keys(grants(role)).filter((action) => action.startsWith("s3:"));
    const harmless = [
      "s3:GetObject",
      "s3:PutObject",
      "s3:PutObjectRetention",
      "s3:GetObjectRetention",
      "s3:AbortMultipartUpload",
      "s3:ListBucket",
      "s3:DeleteObject",
    ];
    expect(s3.filter((action) => !harmless.includes(action))).toEqual([]);
  });
});

describe.each(functionRoles)("%s", (role) => {
  it("reads and writes under the vault's prefix only", () => {
    const granted = grants(role);
    expect(granted["s3:GetObject"]).toEqual([`${vault}/runback/*`]);
    expect(granted["s3:PutObject"]).toEqual([`${vault}/runback/*`]);
    expect(granted["s3:ListBucket"]).toEqual([vault]);
    const listing = stack.statements(role).find(({ actions }) => actions.includes("s3:ListBucket"));
    expect(listing?.conditions).toEqual([{ test: "StringLikeIfExists", variable: "s3:prefix", values: ["runback/*"] }]);
  });

  it("may be assumed by Lambda and by nobody else", () => {
    const trust = stack.one("aws:iam/role:Role", role).assumeRolePolicy as { Statement: { Principal: unknown }[] };
    expect(trust.Statement.map(({ Principal }) => Principal)).toEqual([{ Service: "lambda.amazonaws.com" }]);
  });

  it("has only the managed policies that write its log and carry its durable execution", () => {
    const managed = stack.one("aws:iam/role:Role", role).managedPolicyArns;
    const policies = ["service-role/AWSLambdaBasicExecutionRole"];
    if (role === "RunsHandlerRole") policies.push("service-role/AWSLambdaBasicDurableExecutionRolePolicy");
    expect(managed).toEqual(policies.map((name) => `arn:aws:iam::aws:policy/${name}`));
  });
});

it("lets the retention schedule alone delete, and never an audit anchor", () => {
  for (const role of functionRoles.filter((name) => name !== "VaultRetentionFunctionRole")) {
    expect(grants(role)).not.toHaveProperty(["s3:DeleteObject"]);
  }
  expect(grants("VaultRetentionFunctionRole")["s3:DeleteObject"]).toEqual(
    ["dry-runs", "runs", "snapshots"].map((kind) => `${vault}/runback/${kind}/*`),
  );
});

it("lets the API alone start runs, and only those of this stack", () => {
  for (const role of functionRoles.filter((name) => name !== "ApiRole")) {
    expect(grants(role)).not.toHaveProperty(["lambda:InvokeFunction"]);
  }
  const runs = stack.one("aws:lambda/function:Function", "RunsHandlerFunction").name;
  expect(grants("ApiRole")["lambda:InvokeFunction"]).toEqual([
    `arn:aws:lambda:eu-central-1:123456789012:function:${runs}:*`,
  ]);
});

it.each(scheduleRoles)("%s starts its function and fills its own queue, nothing else", (role) => {
  const name = role.replace("Role", "");
  const target = stack.one("aws:lambda/function:Function", `${name}FunctionFunction`).name;
  const queue = stack.one("aws:sqs/queue:Queue", `${name}DeadLettersQueue`).name;
  expect(grants(role)).toEqual({
    "lambda:InvokeFunction": [`arn:aws:lambda:eu-central-1:123456789012:function:${target}`],
    "sqs:SendMessage": [`arn:aws:sqs:eu-central-1:123456789012:${queue}`],
  });
});
