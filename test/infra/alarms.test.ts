import { beforeAll, describe, expect, it } from "vitest";
import { deploy, secrets } from "./support/deploy.ts";
import type { Stack } from "./support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await deploy("production", { ...secrets, RUNBACK_ALARM_EMAIL: "ops@example.org" });
});

const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const topic = "arn:aws:sns:eu-central-1:123456789012:topic/AlarmsTopic";

function physicalName(type: string, name: string): unknown {
  return stack.one(type, name).name;
}

it("all tell the same topic, when they are raised and when they are over, and say what to look at", () => {
  const alarms = [...stack.all(ALARM).values()];
  expect(alarms.length).toBeGreaterThan(0);
  for (const alarm of alarms) {
    expect(alarm).toMatchObject({ alarmActions: [topic], okActions: [topic] });
    expect((alarm.alarmDescription as string).length).toBeGreaterThan(20);
  }
});

it("reach the address that was given", () => {
  expect(stack.one("aws:sns/topicSubscription:TopicSubscription", "AlarmsEmail")).toEqual({
    topic,
    protocol: "email",
    endpoint: "ops@example.org",
  });
});

it.each([
  "RunsDeadLetters",
  "AlertDeliveryDeadLetters",
  "AttendanceAuditDeadLetters",
  "AuditVerificationDeadLetters",
  "CutoverMonitorsDeadLetters",
  "SnapshotVerificationDeadLetters",
  "VaultRetentionDeadLetters",
])("%s: the first message raises one", (queue) => {
  expect(stack.one(ALARM, `${queue}Waiting`)).toMatchObject({
    namespace: "AWS/SQS",
    metricName: "ApproximateNumberOfMessagesVisible",
    dimensions: { QueueName: physicalName("aws:sqs/queue:Queue", `${queue}Queue`) },
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    threshold: 1,
  });
});

it("leave no queue and no function out", () => {
  const watched = [...stack.all(ALARM).values()].flatMap(({ dimensions }) => Object.values(dimensions as object));
  for (const type of ["aws:sqs/queue:Queue", "aws:lambda/function:Function"]) {
    for (const [name, { name: physical }] of stack.all(type)) expect(watched, name).toContain(physical);
  }
});

it.each([
  ["ApiErrors", "ApiFunction", "Errors", 1],
  ["ApiServerErrors", "ApiFunction", "Url5xxCount", 5],
  ["RunsFailed", "RunsHandlerFunction", "DurableExecutionFailed", 1],
  ["RunsTimedOut", "RunsHandlerFunction", "DurableExecutionTimedOut", 1],
  ["AlertDeliveryErrors", "AlertDeliveryFunctionFunction", "Errors", 1],
  ["AttendanceAuditErrors", "AttendanceAuditFunctionFunction", "Errors", 1],
  ["AuditVerificationErrors", "AuditVerificationFunctionFunction", "Errors", 1],
  ["CutoverMonitorsErrors", "CutoverMonitorsFunctionFunction", "Errors", 1],
  ["SnapshotVerificationErrors", "SnapshotVerificationFunctionFunction", "Errors", 1],
  ["VaultRetentionErrors", "VaultRetentionFunctionFunction", "Errors", 1],
])("%s watches %s for %s", (alarm, fn, metricName, threshold) => {
  expect(stack.one(ALARM, alarm)).toMatchObject({
    namespace: "AWS/Lambda",
    metricName,
    threshold,
    dimensions: { FunctionName: physicalName("aws:lambda/function:Function", fn) },
    treatMissingData: "notBreaching",
  });
});

describe.each([
  "AlertDelivery",
  "AttendanceAudit",
  "AuditVerification",
  "CutoverMonitors",
  "SnapshotVerification",
  "VaultRetention",
])("%s", (schedule) => {
  it("that does not run for 26 hours raises one, since no data is then the news", () => {
    expect(stack.one(ALARM, `${schedule}Silent`)).toMatchObject({
      metricName: "Invocations",
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      period: 3_600,
      evaluationPeriods: 26,
      datapointsToAlarm: 26,
      treatMissingData: "breaching",
    });
  });
});
