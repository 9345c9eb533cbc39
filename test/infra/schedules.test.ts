import { beforeAll, describe, expect, it } from "vitest";
import { deploy, secrets } from "./support/deploy.ts";
import type { Stack } from "./support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await deploy("production", secrets);
});

const schedules = [
  { name: "AlertDelivery", handler: "functions/schedules/alert-delivery.handler", when: "rate(1 minute)" },
  { name: "AttendanceAudit", handler: "functions/schedules/attendance-audit.handler", when: "rate(1 hour)" },
  { name: "AuditVerification", handler: "functions/schedules/audit-verification.handler", when: "cron(17 3 * * ? *)" },
  { name: "Completion", handler: "functions/schedules/completion.handler", when: "rate(1 minute)" },
  { name: "CutoverMonitors", handler: "functions/schedules/cutover-monitors.handler", when: "rate(1 minute)" },
  {
    name: "SnapshotVerification",
    handler: "functions/schedules/snapshot-verification.handler",
    when: "cron(17 5 * * ? *)",
  },
  { name: "VaultRetention", handler: "functions/schedules/vault-retention.handler", when: "cron(17 4 * * ? *)" },
];

interface Target {
  readonly arn: string;
  readonly retryPolicy: { readonly maximumRetryAttempts: number };
  readonly deadLetterConfig?: { readonly arn: string };
}

it("are these and no others", () => {
  const names = [...stack.all("aws:scheduler/schedule:Schedule").keys()];
  expect(names.sort()).toEqual(schedules.map(({ name }) => `${name}Schedule`).sort());
});

describe.each(schedules)("$name", ({ name, handler, when }) => {
  const fn = () => stack.one("aws:lambda/function:Function", `${name}FunctionFunction`);
  const queue = () => stack.one("aws:sqs/queue:Queue", `${name}DeadLettersQueue`);
  const queueArn = () => `arn:aws:sqs:eu-central-1:123456789012:${queue().name}`;

  it("runs its function when it should, in UTC", () => {
    const schedule = stack.one("aws:scheduler/schedule:Schedule", `${name}Schedule`);
    expect(schedule).toMatchObject({ scheduleExpression: when, scheduleExpressionTimezone: "UTC", state: "ENABLED" });
    expect((schedule.target as Target).arn).toBe(`arn:aws:lambda:eu-central-1:123456789012:function:${fn().name}`);
    expect(fn()).toMatchObject({ handler, timeout: 900 });
  });

  it("retries an event that could not be delivered and then keeps it", () => {
    const target = stack.one("aws:scheduler/schedule:Schedule", `${name}Schedule`).target as Target;
    expect(target.retryPolicy.maximumRetryAttempts).toBe(3);
    expect(target.deadLetterConfig).toEqual({ arn: queueArn() });
  });

  it("retries a function that threw, which the scheduler does not see, and then keeps the reason", () => {
    const config = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig";
    expect(stack.one(config, `${name}FunctionEventInvokeConfig`)).toEqual({
      functionName: fn().name,
      maximumRetryAttempts: 2,
      destinationConfig: { onFailure: { destination: queueArn() } },
    });
    const mayFill = stack.statements(`${name}FunctionRole`).find(({ actions }) => actions.includes("sqs:SendMessage"));
    expect(mayFill?.resources).toEqual([queueArn()]);
  });

  it("has a queue of its own that keeps failures for 14 days, encrypted", () => {
    expect(queue()).toMatchObject({ messageRetentionSeconds: 1_209_600, sqsManagedSseEnabled: true });
  });
});

it("deploys without receivers of alerts; their addresses and keys, once set, are in no function's environment", async () => {
  const value = (of: Stack) => of.one("sst:sst:LinkRef", "AlertReceiversLinkRef").properties;
  expect(value(stack)).toEqual({ value: "{}" });
  const variables = '{"SLACK_WEBHOOK":"https://hooks.example/secret"}';
  const told = await deploy("production", { ...secrets, SST_SECRET_AlertReceivers: variables });
  expect(value(told)).toEqual({ value: variables });
  for (const fn of told.all("aws:lambda/function:Function").values()) {
    expect(JSON.stringify(fn.environment)).not.toContain("hooks.example");
  }
});
