import { RunbackError } from "@runback/core";
import { linked } from "./linked.ts";

/**
 * Addresses and keys of receivers of alerts, from the secret that is linked to the function.
 *
 * @throws `RECEIVER_INVALID` when the secret is no JSON object of texts; its value is in no message
 */
export function receiverVariables(text: string = linked.AlertReceivers.value): Readonly<Record<string, string>> {
  const variables = parsed(text);
  if (variables !== null && typeof variables === "object" && !Array.isArray(variables)) {
    const entries = Object.entries(variables);
    if (entries.every(([, value]) => typeof value === "string")) return Object.fromEntries(entries);
  }
  throw new RunbackError("RECEIVER_INVALID", "The secret AlertReceivers is no JSON object of texts.", {
    recovery: `Set it again with \`sst secret set AlertReceivers '{"SLACK_WEBHOOK":"https://…"}'\`, then deploy. Alerts wait in the target meanwhile.`,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
