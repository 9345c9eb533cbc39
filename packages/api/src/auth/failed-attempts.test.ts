import { expect, it } from "vitest";
import { FailedAttempts } from "./failed-attempts.ts";

function attempts(limit: number) {
  let now = 1_000_000;
  const clock = { now: () => new Date(now) };
  return {
    counted: new FailedAttempts(limit, clock),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

it("blocks an address at the limit until its minute is over, and nobody else", () => {
  const { counted, pass } = attempts(3);
  for (let failure = 0; failure < 2; failure++) counted.failed("10.0.0.1");
  expect(counted.blockedSeconds("10.0.0.1")).toBe(0);
  pass(20_500);
  counted.failed("10.0.0.1");
  expect(counted.blockedSeconds("10.0.0.1")).toBe(40);
  expect(counted.blockedSeconds("10.0.0.2")).toBe(0);
  pass(39_499);
  expect(counted.blockedSeconds("10.0.0.1")).toBe(1);
  pass(1);
  expect(counted.blockedSeconds("10.0.0.1")).toBe(0);
});

it("counts anew after the minute", () => {
  const { counted, pass } = attempts(2);
  counted.failed("a");
  pass(60_001);
  expect(counted.blockedSeconds("a")).toBe(0);
  counted.failed("a");
  expect(counted.blockedSeconds("a")).toBe(0);
});

it("forgets the oldest of ten thousand addresses, not the newest", () => {
  const { counted } = attempts(1);
  for (let address = 0; address <= 10_000; address++) counted.failed(`address-${address}`);
  expect(counted.blockedSeconds("address-0")).toBe(0);
  expect(counted.blockedSeconds("address-1")).toBeGreaterThan(0);
  expect(counted.blockedSeconds("address-10000")).toBeGreaterThan(0);
});
