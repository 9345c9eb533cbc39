import { duties, type Stage, stages } from "@runback/core";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { ColumnSwitch } from "./column-switch.ts";
import type { Metric } from "./metric.ts";

afterEach(() => vi.useRealTimers());

function switched(stage: Stage, options: { sample?: number; random?: () => number } = {}) {
  const metrics: Metric[] = [];
  const calls: string[] = [];
  const column = new ColumnSwitch({
    flags: { stage: () => stage },
    cutover: "attendee-status",
    timeoutMs: 50,
    onMetric: (metric) => metrics.push(metric),
    ...options,
  });
  const side = (name: string, answer: () => Promise<string> | string) => () => {
    calls.push(name);
    return answer();
  };
  return { column, metrics, calls, side };
}

test.each([
  ["off", ["legacy"]],
  ["dualwrite", ["legacy", "new"]],
  ["shadow", ["legacy", "new"]],
  ["live", ["new", "legacy"]],
  ["rampdown", ["new", "legacy"]],
  ["complete", ["new"]],
] as const)("in %s a write goes to %j, in this order, each once", async (stage, order) => {
  const { column, calls, side, metrics } = switched(stage);
  const write = column.writer({ legacy: side("legacy", () => "L"), new: side("new", () => "N") });
  expect(await write()).toBe(order[0] === "new" ? "N" : "L");
  expect(calls).toEqual(order);
  expect(metrics.map(({ kind }) => kind)).toEqual(order.length === 2 ? ["secondary-write"] : []);
});

test("the deciding side's error is the caller's, and the other side is not written", async () => {
  const { column, calls, side, metrics } = switched("dualwrite");
  const write = column.writer({
    legacy: side("legacy", () => Promise.reject(new RangeError("no"))),
    new: side("new", () => "N"),
  });
  await expect(write()).rejects.toThrow(RangeError);
  expect([calls, metrics]).toEqual([["legacy"], []]);
});

test("the other side's error reaches nobody: thrown at once or later, it is a metric with a name and no message", async () => {
  for (const fail of [
    () => Promise.reject(new TypeError("ada@example.org")),
    (): string => {
      throw new TypeError("ada@example.org");
    },
  ]) {
    const { column, side, metrics } = switched("live");
    const write = column.writer({ legacy: side("legacy", fail), new: side("new", () => "N") });
    expect(await write()).toBe("N");
    expect(metrics).toMatchObject([{ kind: "secondary-write", side: "legacy", outcome: "failed", error: "TypeError" }]);
    expect(JSON.stringify(metrics)).not.toContain("ada@");
  }
});

test("a write waits for the other side no longer than the timeout, and a late error stays unheard", async () => {
  vi.useFakeTimers();
  const unhandled = vi.fn();
  process.once("unhandledRejection", unhandled);
  const { column, side, metrics } = switched("dualwrite");
  let fail = (_: Error) => {};
  const hanging = new Promise<string>((_, reject) => {
    fail = reject;
  });
  const result = column.writer({ legacy: side("legacy", () => "L"), new: side("new", () => hanging) })();
  await vi.advanceTimersByTimeAsync(50);
  expect(await result).toBe("L");
  expect(metrics).toMatchObject([{ outcome: "timeout" }]);
  fail(new Error("late"));
  await vi.advanceTimersByTimeAsync(1);
  vi.useRealTimers();
  await new Promise(setImmediate);
  expect(unhandled).not.toHaveBeenCalled();
  process.off("unhandledRejection", unhandled);
});

test("a shadow read is compared and never waited for", async () => {
  const { column, side, metrics } = switched("shadow");
  let answer = (_: string) => {};
  const slow = new Promise<string>((resolve) => {
    answer = resolve;
  });
  const read = column.reader({ legacy: side("legacy", () => "dna"), new: side("new", () => slow) });
  expect(await read()).toBe("dna");
  expect(metrics).toEqual([]);
  answer("checkedin");
  await column.idle();
  expect(metrics).toMatchObject([
    { kind: "secondary-read", outcome: "ok" },
    { kind: "comparison", outcome: "different" },
  ]);
});

test("a comparison that throws is unknown, a listener that throws is ignored", async () => {
  const outcomes: string[] = [];
  const column = new ColumnSwitch({
    flags: { stage: () => "live" },
    cutover: "x",
    onMetric: (metric) => {
      outcomes.push(metric.outcome);
      throw new Error("listener");
    },
  });
  const read = column.reader(
    { legacy: () => 1, new: () => 2 },
    {
      same: () => {
        throw new Error("compare");
      },
    },
  );
  expect(await read()).toBe(2);
  await column.idle();
  expect(outcomes).toEqual(["ok", "unknown"]);
});

test("the sample decides which reads are compared", async () => {
  const draws = [0.05, 0.5, 0.09, 0.1];
  const { column, side, calls } = switched("shadow", { sample: 0.1, random: () => draws.shift()! });
  const read = column.reader({ legacy: side("legacy", () => "a"), new: side("new", () => "a") });
  for (let at = 0; at < 4; at++) await read();
  await column.idle();
  expect(calls.filter((each) => each === "new")).toHaveLength(2);
  expect(calls.filter((each) => each === "legacy")).toHaveLength(4);
});

test("whatever either side does, each runs at most once and the caller gets what the deciding one gave", async () => {
  const behaviour = fc.constantFrom("value", "reject", "throw");
  const act = (how: string, name: string) => {
    if (how === "throw") throw new Error(name);
    return how === "reject" ? Promise.reject(new Error(name)) : Promise.resolve(name);
  };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...stages),
      behaviour,
      behaviour,
      fc.boolean(),
      async (stage, legacy, fresh, write) => {
        const { column, side, calls } = switched(stage);
        const sides = {
          legacy: side("legacy", () => act(legacy, "legacy")),
          new: side("new", () => act(fresh, "new")),
        };
        const call = write ? column.writer(sides) : column.reader(sides);
        const decides = write ? duties(stage).write[0]! : duties(stage).read;
        const [ended] = await Promise.allSettled([call()]);
        await column.idle();
        expect(ended!.status).toBe((decides === "legacy" ? legacy : fresh) === "value" ? "fulfilled" : "rejected");
        if (ended!.status === "fulfilled") expect(ended!.value).toBe(decides);
        else expect(ended!.reason.message).toBe(decides);
        expect(new Set(calls).size).toBe(calls.length);
      },
    ),
    { numRuns: 200 },
  );
});
