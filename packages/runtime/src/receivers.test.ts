import { expect, test } from "vitest";
import { receiversFrom } from "./receivers.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const webhook = { name: "ops", format: "webhook", urlFrom: "URL", secretFrom: "SECRET" } as const;

test("addresses and keys come from the environment", () => {
  const env = { URL: "https://ops.example.org/hook", SECRET: secret, KEY: "k" };
  expect(
    receiversFrom([webhook, { name: "on-call", format: "pagerduty", routingKeyFrom: "KEY", allowPrivate: true }], env),
  ).toEqual([
    { name: "ops", format: "webhook", url: "https://ops.example.org/hook", secret, allowPrivate: false },
    {
      ...{ name: "on-call", format: "pagerduty", routingKey: "k", allowPrivate: true },
      url: "https://events.pagerduty.com/v2/enqueue",
    },
  ]);
});

test.each([
  ["no address", { SECRET: secret }],
  ["an address of another kind", { URL: "file:///etc/passwd", SECRET: secret }],
  ["no secret", { URL: "https://ops.example.org" }],
  ["a short secret", { URL: "https://ops.example.org", SECRET: "whsec_aGVsbG8=" }],
  ["a secret without its prefix", { URL: "https://ops.example.org", SECRET: secret.slice(6) }],
])("%s is refused without its value", (_, env) => {
  expect(() => receiversFrom([webhook], env)).toThrow(
    expect.objectContaining({ code: "RECEIVER_INVALID", message: expect.not.stringContaining("aGVsbG8") }),
  );
});
