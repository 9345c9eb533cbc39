import { RunbackError } from "@runback/core";
import type { Receiver } from "@runback/operations";
import type { ReceiverConfig } from "./config.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const pagerDuty = "https://events.pagerduty.com/v2/enqueue";

/** Receivers with their addresses and keys. @throws `RECEIVER_INVALID` naming the variable, never its value */
export function receiversFrom(config: readonly ReceiverConfig[], env: Environment): readonly Receiver[] {
  return config.map((each) => {
    const { name, allowPrivate = false } = each;
    const from = (variable: string) => given(each, variable, env);
    const urlFrom = (variable: string) => urlOf(each, variable, from(variable));
    if (each.format === "slack") return { name, allowPrivate, format: each.format, url: urlFrom(each.urlFrom) };
    if (each.format === "pagerduty") {
      const url = each.urlFrom === undefined ? pagerDuty : urlFrom(each.urlFrom);
      return { name, allowPrivate, format: each.format, url, routingKey: from(each.routingKeyFrom) };
    }
    const secret = from(each.secretFrom);
    const bytes = Buffer.from(secret.replace(/^whsec_/, ""), "base64").length;
    if (!/^whsec_[A-Za-z0-9+/]+=*$/.test(secret) || bytes < 24 || bytes > 64) {
      throw invalid(each, `${each.secretFrom} is not a secret: "whsec_" and base64 of 24 to 64 bytes`);
    }
    return { name, allowPrivate, format: each.format, url: urlFrom(each.urlFrom), secret };
  });
}

function given(receiver: ReceiverConfig, variable: string, env: Environment): string {
  const value = env[variable];
  if (value === undefined || value === "") throw invalid(receiver, `${variable} is not set`);
  return value;
}

function urlOf(receiver: ReceiverConfig, variable: string, value: string): string {
  const url = URL.parse(value);
  if (url?.protocol !== "https:" && url?.protocol !== "http:") throw invalid(receiver, `${variable} is not an address`);
  return value;
}

function invalid({ name }: ReceiverConfig, why: string): RunbackError {
  return new RunbackError("RECEIVER_INVALID", `Receiver ${name} of alerts cannot be reached: ${why}.`, {
    recovery: "Set the variable, or take the receiver out of runback.config.ts. Alerts wait in the target meanwhile.",
  });
}
