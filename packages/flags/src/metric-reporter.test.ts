import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { ColumnSwitch } from "./column-switch.ts";
import type { Metric } from "./metric.ts";
import { MetricReporter } from "./metric-reporter.ts";

afterEach(() => vi.useRealTimers());

const since = "2026-01-15T14:30:00.000Z";
const none = { calls: 0, failed: 0, timeouts: 0, equal: 0, different: 0, unknown: 0, dropped: 0, totalMs: 0, maxMs: 0 };
const read = (outcome: "ok" | "failed" | "timeout", durationMs = 2): Metric => {
  return { kind: "secondary-read", flag: "c", stage: "shadow", since, side: "new", outcome, durationMs };
};
const compared = (outcome: "equal" | "different" | "unknown", at: string | null = since, flag = "c"): Metric => {
  return { kind: "comparison", flag, stage: "shadow", since: at, outcome };
};

interface Sent {
  readonly url: string;
  readonly key: string;
  readonly token: string | null;
  readonly counts: Record<string, unknown>[];
}

/** A reporter whose server answers as told: a status, or a promise that decides when. */
function reporting(answers: (number | Promise<number> | Error)[]) {
  const sent: Sent[] = [];
  const told: Metric[] = [];
  const reporter = new MetricReporter({
    url: "https://runback.example.org",
    token: "secret",
    onMetric: (metric) => {
      told.push(metric);
      throw new Error("a listener's own affair");
    },
    fetch: async (url, init) => {
      const headers = new Headers(init?.headers);
      sent.push({
        url: String(url),
        key: headers.get("idempotency-key")!,
        token: headers.get("authorization"),
        counts: (JSON.parse(String(init?.body)) as { counts: Record<string, unknown>[] }).counts,
      });
      const answer = answers.shift() ?? 200;
      if (answer instanceof Error) throw answer;
      return new Response(JSON.stringify({ code: "SOME_CODE" }), { status: await answer });
    },
  });
  return { reporter, sent, told };
}

test("sums go out as one row for a stage, operation and phase, with the token and a key", async () => {
  const { reporter, sent, told } = reporting([]);
  for (const metric of [read("ok", 2), read("failed", 5), read("timeout", 1), compared("equal"), compared("different")])
    reporter.count(metric);
  reporter.count({ ...read("ok", 7), kind: "secondary-write", stage: "dualwrite", since: null } as Metric);
  reporter.count(compared("equal", since, "a b/c"));
  reporter.count({ kind: "refresh", outcome: "new" });
  expect(await reporter.flush()).toBe(true);
  expect(sent.map(({ url, token }) => [url, token])).toEqual([
    ["https://runback.example.org/v1/cutovers/c/metrics", "Bearer secret"],
    ["https://runback.example.org/v1/cutovers/a%20b%2Fc/metrics", "Bearer secret"],
  ]);
  expect(sent[0]!.counts).toEqual([
    {
      ...none,
      stage: "shadow",
      operation: "read",
      since,
      ...{ calls: 3, failed: 1, timeouts: 1 },
      equal: 1,
      different: 1,
      totalMs: 8,
      maxMs: 5,
    },
    { ...none, stage: "dualwrite", operation: "write", since: null, calls: 1, totalMs: 7, maxMs: 7 },
  ]);
  expect(told).toMatchObject([
    { outcome: "sent", observations: 6 },
    { outcome: "sent", observations: 1 },
  ]);
  expect([await reporter.flush(), sent.length]).toEqual([true, 2]);
});

test("what the server did not take goes again as it was, under its key, and what came since goes after it", async () => {
  const { reporter, sent, told } = reporting([503, new TypeError("fetch failed"), 401, 409, 429, 200]);
  reporter.count(compared("equal"));
  for (let time = 0; time < 5; time++) {
    expect(await reporter.flush()).toBe(false);
    reporter.count(compared("different"));
  }
  expect([await reporter.flush(), await reporter.flush()]).toEqual([true, true]);
  expect(new Set(sent.slice(0, 6).map(({ key, counts }) => JSON.stringify([key, counts]))).size).toBe(1);
  expect(sent[6]!.key).not.toBe(sent[0]!.key);
  expect(sent.slice(5).map(({ counts }) => counts)).toMatchObject([
    [{ equal: 1, different: 0, dropped: 0 }],
    [{ equal: 0, different: 5, dropped: 0 }],
  ]);
  expect(told.map((each) => each.kind === "report" && (each.error ?? each.outcome))).toEqual([
    ...["SOME_CODE", "TypeError", "SOME_CODE", "SOME_CODE", "SOME_CODE"],
    ...["sent", "sent"],
  ]);
});

test.each([400, 404, 413, 415, 422])(
  "refused for good (%i), counts are lost, and the next report says how many",
  async (status) => {
    const { reporter, sent, told } = reporting([status, status]);
    reporter.count(compared("equal"));
    reporter.count(compared("different"));
    expect(await reporter.flush()).toBe(false);
    // Nothing was seen since: a loss alone is not worth a request.
    expect([await reporter.flush(), sent.length]).toEqual([true, 1]);
    reporter.count(compared("equal"));
    expect(await reporter.flush()).toBe(false);
    reporter.count(compared("equal"));
    expect(await reporter.flush()).toBe(true);
    expect(sent.map(({ counts }) => counts)).toMatchObject([
      [{ equal: 1, different: 1, dropped: 0 }],
      [{ equal: 1, different: 0, dropped: 2 }],
      [{ equal: 1, different: 0, dropped: 3 }],
    ]);
    expect(told.map((each) => each.kind === "report" && each.outcome)).toEqual(["refused", "refused", "sent"]);
  },
);

test("a server that hangs holds up neither reads nor memory: a million metrics are as many numbers as one", async () => {
  let answer = (_: number) => {};
  const hanging = new Promise<number>((resolve) => {
    answer = resolve;
  });
  const { reporter, sent } = reporting([hanging]);
  const column = new ColumnSwitch({
    flags: { stage: () => "shadow", since: () => since },
    cutover: "c",
    onMetric: reporter.count,
  });
  const get = column.reader({ legacy: (n: number) => n, new: (n: number) => n % 10 });
  expect(await get(1)).toBe(1);
  await column.idle();
  const flushing = reporter.flush();
  // Nothing of this waits for the request that hangs.
  for (let n = 0; n < 20; n++) expect(await get(n)).toBe(n);
  await column.idle();
  for (let n = 0; n < 1_000_000; n++) reporter.count(compared("equal"));
  expect(sent).toHaveLength(1);
  answer(200);
  expect([await flushing, await reporter.flush()]).toEqual([true, true]);
  expect(sent[1]!.counts).toHaveLength(1);
  expect(sent[1]!.counts[0]).toMatchObject({ calls: 20, equal: 1_000_010, different: 10, since });
  // However many phases and cutovers a broken source of flags names.
  for (let n = 0; n < 1_000; n++) reporter.count(compared("equal", `since ${n}`));
  for (let n = 0; n < 1_000; n++) reporter.count(compared("equal", since, `cutover ${n}`));
  await reporter.flush();
  const rows = sent.slice(2).flatMap(({ counts }) => counts);
  expect(sent.length).toBe(2 + 100);
  expect(sent[2]!.counts).toHaveLength(65);
  expect(rows.reduce((sum, row) => sum + Number(row.equal), 0)).toBe(1_000 + 99);
});

test("it reports on its timer, stops when it is closed, and then sends what is left", async () => {
  vi.useFakeTimers();
  const { reporter, sent, told } = reporting([200, 503, 200, 200]);
  reporter.start();
  reporter.start();
  reporter.count(compared("equal"));
  await vi.advanceTimersByTimeAsync(14_000);
  expect(sent).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(sent).toHaveLength(1);
  reporter.count(compared("different"));
  await reporter.flush();
  reporter.count(compared("unknown"));
  await reporter.close();
  expect(sent.map(({ counts }) => counts[0])).toMatchObject([
    { equal: 1 },
    { different: 1 },
    { different: 1 },
    { different: 0, unknown: 1 },
  ]);
  expect(told.at(-1)).toMatchObject({ kind: "report", outcome: "sent" });
  await vi.advanceTimersByTimeAsync(600_000);
  expect([sent.length, vi.getTimerCount()]).toEqual([4, 0]);
});

test("closed while the server is down, what is lost is told", async () => {
  const { reporter, told } = reporting([new TypeError("fetch failed"), new TypeError("fetch failed")]);
  reporter.count(read("ok"));
  await reporter.flush();
  reporter.count(compared("equal"));
  await reporter.close();
  expect(told.at(-1)).toEqual({ kind: "report", outcome: "lost", flag: "c", observations: 2 });
});

test("an address that is none is refused at once", () => {
  expect(() => new MetricReporter({ url: "runback" })).toThrow(
    expect.objectContaining({ code: "FLAG_SERVER_INVALID" }),
  );
});

test("whatever becomes of requests and answers, every observation is counted once or told to be lost", async () => {
  const how = fc.constantFrom("taken", "answer lost", "not reached", "failed", "refused");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.constant("observe" as const), how), { maxLength: 40 }), async (steps) => {
      const known = new Set<string | null>();
      const sum = { seen: 0, dropped: 0 };
      let next = "taken";
      const reporter = new MetricReporter({
        url: "https://runback.example.org",
        fetch: async (_, init) => {
          const key = new Headers(init?.headers).get("idempotency-key");
          if (next === "not reached") throw new TypeError("fetch failed");
          // A report that was counted already is answered as it was then.
          if (known.has(key)) return new Response("{}");
          if (next === "failed") return new Response("{}", { status: 500 });
          if (next === "refused") return new Response("{}", { status: 422 });
          known.add(key);
          const { counts } = JSON.parse(String(init?.body)) as { counts: (typeof none)[] };
          for (const row of counts) {
            sum.seen += row.calls + row.equal + row.different;
            sum.dropped += row.dropped;
          }
          if (next === "answer lost") throw new TypeError("fetch failed");
          return new Response("{}");
        },
      });
      let observed = 0;
      for (const step of steps) {
        if (step === "observe") {
          for (const metric of [read("ok"), compared(observed % 2 === 0 ? "equal" : "different")])
            reporter.count(metric);
          observed += 2;
        } else {
          next = step;
          await reporter.flush();
        }
      }
      next = "taken";
      // What was refused is told with the next thing that is seen.
      reporter.count(compared("equal"));
      await reporter.close();
      expect(sum.seen + sum.dropped).toBe(observed + 1);
    }),
    { numRuns: 200 },
  );
});
