import { createDeadLetterQueue, mayFill } from "./dead-letter-queue.ts";
import type { FunctionDefaults } from "./function-defaults.ts";
import { lambdaOnly } from "./lambda-only.ts";
import type { Secrets } from "./secrets.ts";
import type { Vault } from "./vault.ts";

type When = `cron(${string})` | `rate(${string})`;
type Link = Vault["access"] | Vault["sweep"] | Secrets["alertReceivers"];

/** Daily jobs, at minutes when not everybody's do; every minute the outbox, events that are over, and the monitors of cutovers. Times are UTC. */
export function createSchedules(defaults: FunctionDefaults, vault: Vault, secrets: Secrets) {
  const schedule = (name: string, handler: string, when: When, ...link: Link[]) =>
    createSchedule(defaults, { name, handler, when, link });
  return [
    schedule("AuditVerification", "functions/schedules/audit-verification.handler", "cron(17 3 * * ? *)", vault.access),
    schedule("VaultRetention", "functions/schedules/vault-retention.handler", "cron(17 4 * * ? *)", vault.sweep),
    schedule("AttendanceAudit", "functions/schedules/attendance-audit.handler", "rate(1 hour)", vault.access),
    // Restores the newest snapshot once a week, and looks every day whether that is overdue.
    schedule(
      "SnapshotVerification",
      "functions/schedules/snapshot-verification.handler",
      "cron(17 5 * * ? *)",
      vault.access,
    ),
    schedule(
      "AlertDelivery",
      "functions/schedules/alert-delivery.handler",
      "rate(1 minute)",
      vault.access,
      secrets.alertReceivers,
    ),
    schedule("CutoverMonitors", "functions/schedules/cutover-monitors.handler", "rate(1 minute)", vault.access),
    schedule("Completion", "functions/schedules/completion.handler", "rate(1 minute)", vault.access),
  ];
}

/**
 * A schedule fails in two places, and each has its retries and reports to the same queue: the scheduler that cannot deliver
 * the event, and the function that got it and threw. The scheduler invokes asynchronously and never sees the second.
 */
function createSchedule(
  defaults: FunctionDefaults,
  job: { name: string; handler: string; when: When; link: readonly Link[] },
) {
  const { name, handler, when: schedule } = job;
  const deadLetters = createDeadLetterQueue(`${name}DeadLetters`);
  const target = new sst.aws.Function(`${name}Function`, {
    ...defaults,
    handler,
    link: [...defaults.link, ...job.link],
    permissions: [mayFill(deadLetters)],
    memory: "1024 MB",
    timeout: "15 minutes",
    retries: 2,
    transform: {
      role: lambdaOnly,
      eventInvokeConfig: (args) => {
        args.destinationConfig = { onFailure: { destination: deadLetters.arn } };
      },
    },
  });
  new sst.aws.CronV2(name, { function: target, schedule, timezone: "UTC", retries: 3, dlq: deadLetters.arn });
  return { name, target, deadLetters };
}

export type Schedules = ReturnType<typeof createSchedules>;
