import { type Alarm, alarmDefaults } from "./alarm-defaults.ts";
import type { Runs } from "./runs.ts";
import type { Schedules } from "./schedules.ts";
import type { Settings } from "./settings.ts";

const HOUR = 3_600;

/**
 * Alarms for what Runback cannot report itself, because it is the one that does not work. Everything about data (failed
 * checks, drift) goes through Runback's own alerts.
 */
export function createAlerts(
  settings: Settings,
  parts: { api: sst.aws.Function; runs: Runs; schedules: Schedules },
): { topicArn: $util.Output<string> } {
  const topic = new sst.aws.SnsTopic("Alarms");
  if (settings.alarmEmail !== undefined) {
    new aws.sns.TopicSubscription("AlarmsEmail", {
      topic: topic.arn,
      protocol: "email",
      endpoint: settings.alarmEmail,
    });
  }
  const alarm = (name: string, about: Alarm) =>
    new aws.cloudwatch.MetricAlarm(name, {
      ...alarmDefaults,
      alarmActions: [topic.arn],
      okActions: [topic.arn],
      ...about,
    });
  const lambda = (fn: { name: $util.Output<string> }, metricName: string, alarmDescription: string): Alarm => ({
    namespace: "AWS/Lambda",
    metricName,
    dimensions: { FunctionName: fn.name },
    alarmDescription,
  });
  const queued = (queue: sst.aws.Queue, alarmDescription: string): Alarm => ({
    namespace: "AWS/SQS",
    metricName: "ApproximateNumberOfMessagesVisible",
    statistic: "Maximum",
    dimensions: { QueueName: queue.nodes.queue.name },
    alarmDescription,
  });

  alarm("ApiErrors", lambda(parts.api, "Errors", "The API function failed or timed out: see its log."));
  alarm("ApiServerErrors", {
    ...lambda(parts.api, "Url5xxCount", "The API answered 5xx five times in five minutes."),
    threshold: 5,
  });
  alarm(
    "RunsFailed",
    lambda(
      parts.runs.workflow,
      "DurableExecutionFailed",
      "A run stopped with an error: `runback runs` says which, and how to resume it.",
    ),
  );
  alarm(
    "RunsTimedOut",
    lambda(
      parts.runs.workflow,
      "DurableExecutionTimedOut",
      "A run was given up after 14 days: start it again to resume it.",
    ),
  );
  alarm(
    "RunsDeadLettersWaiting",
    queued(
      parts.runs.deadLetters,
      "A run failed for good or could not be started: its event, with the run's id, is in the queue.",
    ),
  );
  for (const { name, target, deadLetters } of parts.schedules) {
    alarm(`${name}Errors`, lambda(target, "Errors", `${name} failed: it is retried twice.`));
    alarm(
      `${name}DeadLettersWaiting`,
      queued(deadLetters, `${name} was given up after its retries: the reason is in the queue.`),
    );
    alarm(`${name}Silent`, {
      ...lambda(
        target,
        "Invocations",
        `${name} has not run for 26 hours. A check that does not run is a failed check.`,
      ),
      comparisonOperator: "LessThanThreshold",
      period: HOUR,
      evaluationPeriods: 26,
      datapointsToAlarm: 26,
      treatMissingData: "breaching",
    });
  }
  return { topicArn: topic.arn };
}
