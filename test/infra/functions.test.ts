import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { deploy, secrets } from "./support/deploy.ts";
import type { Stack } from "./support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await deploy("production", secrets);
});

const FUNCTION = "aws:lambda/function:Function";
const functions = [
  "ApiFunction",
  "RunsHandlerFunction",
  "AuditVerificationFunctionFunction",
  "AlertDeliveryFunctionFunction",
  "CompletionFunctionFunction",
  "CutoverMonitorsFunctionFunction",
  "AttendanceAuditFunctionFunction",
  "SnapshotVerificationFunctionFunction",
  "VaultRetentionFunctionFunction",
];

it("are these and no others", () => {
  expect([...stack.all(FUNCTION).keys()].sort()).toEqual([...functions].sort());
});

describe.each(functions)("%s", (name) => {
  it("runs on Node 24 and ARM", () => {
    expect(stack.one(FUNCTION, name)).toMatchObject({ runtime: "nodejs24.x", architectures: ["arm64"] });
  });

  it("has an entry point in the repository", () => {
    const handler = stack.one(FUNCTION, name).handler as string;
    const file = new URL(`../../${handler.replace(/\.handler$/, ".ts")}`, import.meta.url);
    expect(existsSync(fileURLToPath(file))).toBe(true);
  });

  it("logs JSON lines only, kept for half a year", () => {
    const { logGroup, logFormat } = stack.one(FUNCTION, name).loggingConfig as { logGroup: string; logFormat: string };
    expect(logFormat).toBe("JSON");
    const groups = [...stack.all("aws:cloudwatch/logGroup:LogGroup").values()];
    expect(groups.find((group) => group.name === logGroup)).toMatchObject({ retentionInDays: 180 });
  });

  it("knows the vault, trusts Amazon's certificates, and has no secret in its environment", () => {
    const { variables } = stack.one(FUNCTION, name).environment as { variables: Record<string, string> };
    const bucket = stack.one("aws:s3/bucket:Bucket", "VaultBucket").bucket;
    expect(variables.VAULT_URL).toBe(`s3://${bucket}/runback?region=eu-central-1`);
    expect(variables.NODE_EXTRA_CA_CERTS).toBe("/var/runtime/ca-cert.pem");
    const text = JSON.stringify(variables);
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
  });
});

describe("the API", () => {
  it("has a function URL that streams, without CORS", () => {
    const url = stack.one("aws:lambda/functionUrl:FunctionUrl", "ApiUrl");
    expect(url).toMatchObject({ invokeMode: "RESPONSE_STREAM", authorizationType: "NONE" });
    expect(url.cors).toBeUndefined();
    expect(stack.outputs.api).toBe("https://ApiUrl.lambda-url.eu-central-1.on.aws/");
  });

  it("is open through that URL only", () => {
    const permissions = [...stack.all("aws:lambda/permission:Permission").values()];
    const open = permissions.map(({ action, functionUrlAuthType, invokedViaFunctionUrl }) => [
      action,
      functionUrlAuthType ?? invokedViaFunctionUrl,
    ]);
    expect(open.sort()).toEqual([
      ["lambda:InvokeFunction", true],
      ["lambda:InvokeFunctionUrl", "NONE"],
    ]);
  });
});

describe("runs", () => {
  it("last 14 days, in invocations of 15 minutes, with a history of 30 days", () => {
    expect(stack.one(FUNCTION, "RunsHandlerFunction")).toMatchObject({
      timeout: 900,
      durableConfig: { executionTimeout: 1_209_600, retentionPeriod: 30 },
    });
  });

  it("keep the version they began with when a new one is deployed", () => {
    expect(stack.one(FUNCTION, "RunsHandlerFunction").publish).toBe(true);
  });

  it("leave the event of one that failed for good in a queue, kept for 14 days", () => {
    const queue = stack.one("aws:sqs/queue:Queue", "RunsDeadLettersQueue");
    expect(queue).toMatchObject({ messageRetentionSeconds: 1_209_600, sqsManagedSseEnabled: true });
    const arn = `arn:aws:sqs:eu-central-1:123456789012:${queue.name}`;
    expect(stack.one(FUNCTION, "RunsHandlerFunction").deadLetterConfig).toEqual({ targetArn: arn });
    const mayFill = stack.statements("RunsHandlerRole").find(({ actions }) => actions.includes("sqs:SendMessage"));
    expect(mayFill?.resources).toEqual([arn]);
  });
});
