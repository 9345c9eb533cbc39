/** Where alerts go. `name` is stable: what was already delivered is remembered under it. */
export type Receiver = WebhookReceiver | SlackReceiver | PagerDutyReceiver;

/** Standard Webhooks with CloudEvents bodies. */
export interface WebhookReceiver {
  readonly name: string;
  readonly format: "webhook";
  readonly url: string;
  /** `whsec_` and base64 of 24 to 64 bytes. */
  readonly secret: string;
  readonly allowPrivate?: boolean;
}

/** An incoming webhook of Slack: whoever knows the URL may post. */
export interface SlackReceiver {
  readonly name: string;
  readonly format: "slack";
  readonly url: string;
  readonly allowPrivate?: boolean;
}

/** PagerDuty's Events API v2. */
export interface PagerDutyReceiver {
  readonly name: string;
  readonly format: "pagerduty";
  readonly url: string;
  readonly routingKey: string;
  readonly allowPrivate?: boolean;
}

/** One POST, spelled for its receiver. */
export interface AlertRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the address may lie in a private network. */
  readonly allowPrivate: boolean;
}

/** Sends one request. Rejects unless the receiver answered 2xx in time; the reason holds no URL, which is a secret with some. */
export type SendAlert = (request: AlertRequest) => Promise<void>;
