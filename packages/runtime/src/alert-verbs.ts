import type { Alert } from "@runback/core";
import * as operations from "@runback/operations";
import type { RunbackConfig } from "./config.ts";
import { receiversFrom } from "./receivers.ts";
import { alertSender } from "./send-alert.ts";

/** Alerts of one target, wired. */
export interface AlertVerbs {
  /** @throws `LIMIT_INVALID` */
  list(request: operations.AlertsRequest): Promise<operations.AlertList>;
  /** @throws `ALERT_NOT_FOUND`, `ALERT_RESOLVED` */
  acknowledge(id: string, by: string): Promise<Alert>;
  /** @throws `RECEIVER_INVALID` */
  receivers(): readonly operations.Receiver[];
  /** Sends what is due: what a schedule calls every minute. @throws `RECEIVER_INVALID` */
  deliver(): Promise<operations.Delivered>;
}

/** Within the minute until the next call, with time for a last receiver that hangs. */
const budgetMs = 40_000;

export function alertVerbs(
  context: operations.Context,
  config: RunbackConfig,
  env: Readonly<Record<string, string | undefined>>,
): AlertVerbs {
  const send = alertSender();
  const receivers = () => receiversFrom(config.alerts ?? [], env);
  return {
    list: (request) => operations.listAlerts(context, request),
    acknowledge: (id, by) => operations.acknowledgeAlert(context, id, by),
    receivers,
    deliver: async () => await operations.deliverAlerts(context, { receivers: receivers(), send, budgetMs }),
  };
}
