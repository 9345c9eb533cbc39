import type { AlertEvent, Clock } from "@runback/core";
import { Webhook } from "standardwebhooks";
import type { AlertRequest, Receiver } from "./receiver.ts";

/** The request that tells a receiver of an event, in the receiver's own form. */
export function spellAlert(receiver: Receiver, event: AlertEvent, clock: Clock): AlertRequest {
  const { url } = receiver;
  const allowPrivate = receiver.allowPrivate ?? false;
  const json = { "content-type": "application/json" };
  if (receiver.format === "slack")
    return { url, allowPrivate, headers: json, body: JSON.stringify(slackMessage(event)) };
  if (receiver.format === "pagerduty") {
    return { url, allowPrivate, headers: json, body: JSON.stringify(pagerDutyEvent(receiver.routingKey, event)) };
  }
  const body = JSON.stringify(cloudEvent(event));
  const sentAt = clock.now();
  const headers = {
    "content-type": "application/cloudevents+json",
    "webhook-id": event.id,
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
    "webhook-signature": new Webhook(receiver.secret).sign(event.id, sentAt, body),
  };
  return { url, allowPrivate, headers, body };
}

/** CloudEvents 1.0, structured mode. Its `id` is the `webhook-id`: receivers that saw it drop it. */
export function cloudEvent({ id, kind, at, alert }: AlertEvent): object {
  return {
    specversion: "1.0",
    id,
    source: `runback/${encodeURIComponent(alert.target)}`,
    type: `runback.alert.${kind}`,
    subject: alert.check,
    time: at,
    datacontenttype: "application/json",
    data: told(alert),
  };
}

/** Who acknowledged it is nobody's business outside. */
function told({ acknowledgedBy: _, ...alert }: AlertEvent["alert"]): object {
  return alert;
}

const marks = { opened: ":red_circle:", acknowledged: ":large_yellow_circle:", resolved: ":large_green_circle:" };

function slackMessage({ kind, alert }: AlertEvent): object {
  const lines = [
    `${marks[kind]} *${escaped(alert.title)}* (${kind})`,
    `Target ${escaped(alert.target)}, check \`${escaped(alert.check)}\`, ${escaped(alert.code)}${alert.runId === undefined ? "" : `, run \`${escaped(alert.runId)}\``}`,
    ...(kind === "opened" ? alert.reasons.slice(0, 10).map((reason) => `• ${escaped(reason)}`) : []),
  ];
  return { text: lines.join("\n") };
}

/** Slack's own markup begins with these. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const actions = { opened: "trigger", acknowledged: "acknowledge", resolved: "resolve" } as const;

function pagerDutyEvent(routingKey: string, { kind, at, alert }: AlertEvent): object {
  return {
    routing_key: routingKey,
    event_action: actions[kind],
    dedup_key: alert.id,
    payload: {
      summary: `${alert.title} (${alert.target})`.slice(0, 1_024),
      source: alert.target,
      severity: alert.severity,
      timestamp: at,
      component: alert.check,
      class: alert.code,
      custom_details: { reasons: alert.reasons.slice(0, 50), run_id: alert.runId ?? null },
    },
  };
}
