import { receiverVariables } from "../receiver-variables.ts";
import { runtime } from "../runtime.ts";

/** Sends to receivers what is due in the outbox of alerts. */
export const handler = async () => (await runtime(receiverVariables())).monitors.fire("alert-delivery");
