import type { Engine, Logger } from "@runback/core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Job, startScheduler } from "../../packages/api/src/schedules/scheduler.ts";
import { freshTarget, type TestTarget } from "../support/engines.ts";

const hour = 3_600_000;
const start = Date.parse("2026-01-15T14:20:00Z");
let target: TestTarget;
let engine: Engine;
beforeAll(async () => {
  target = await freshTarget("postgres");
  engine = target.engine;
});
afterEach(() => engine.query("DELETE FROM runback.leases"));
afterAll(() => target[Symbol.asyncDispose]());

/** A process: its own clock and timers, which the test moves; the target is real. */
function process_(holder: string, jobs: readonly Job[]) {
  let now = start;
  let timers: { readonly at: number; readonly fire: () => void }[] = [];
  const lines: { level: string; op: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const logger: Logger = { log: (level, op, fields = {}) => lines.push({ level, op, fields }) };
  const scheduler = startScheduler({ engine, clock: { now: () => new Date(now) }, logger, holder }, jobs, {
    set: (fire, ms) => {
      const timer = { at: now + ms, fire };
      timers.push(timer);
      return timer;
    },
    clear: (timer) => {
      timers = timers.filter((each) => each !== timer);
    },
  });
  return {
    scheduler,
    lines,
    waiting: () => timers.map(({ at }) => new Date(at).toISOString()),
    /** Moves the clock and fires what is due on the way. */
    pass: (ms: number) => {
      const end = now + ms;
      for (let due = next(); due && due.at <= end; due = next()) {
        now = due.at;
        timers = timers.filter((each) => each !== due);
        due.fire();
      }
      now = end;
    },
    early: (ms: number) => {
      const due = next()!;
      timers = timers.filter((each) => each !== due);
      now = due.at - ms;
      due.fire();
    },
  };
  function next() {
    return timers.toSorted((a, b) => a.at - b.at)[0];
  }
}

/** A job that says when it began, and ends when the test lets it. */
function job(name = "check", everyMs = hour) {
  let began = Promise.withResolvers<void>();
  const ends: PromiseWithResolvers<void>[] = [];
  return {
    job: {
      name,
      everyMs,
      run: async () => {
        const end = Promise.withResolvers<void>();
        ends.push(end);
        began.resolve();
        began = Promise.withResolvers<void>();
        await end.promise;
      },
    } satisfies Job,
    begun: () => began.promise,
    ends,
  };
}

/** As if the time had passed on the database's clock too. */
const expireLeases = () =>
  engine.query("UPDATE runback.leases SET expires_at = clock_timestamp() - interval '1 second'");

it("does not fire on start, but at the next full hour, and every hour after that", async () => {
  const { job: check, begun, ends } = job();
  const one = process_("one", [check]);
  expect(one.waiting()).toEqual(["2026-01-15T15:00:00.000Z"]);
  one.pass(39 * 60_000);
  expect(ends).toHaveLength(0);
  for (let firing = 1; firing <= 3; firing++) {
    const fired = begun();
    one.pass(firing === 1 ? 60_000 : hour);
    await fired;
    expect(ends).toHaveLength(firing);
    ends.at(-1)!.resolve();
    await expireLeases();
  }
  await one.scheduler.close();
  expect(one.lines.filter(({ level }) => level === "info")).toHaveLength(3);
});

it("of several processes exactly one fires in a period, even when it was done before the others came", async () => {
  const first = job();
  const second = job();
  const one = process_("one", [first.job]);
  const two = process_("two", [second.job]);
  const fired = first.begun();
  one.pass(hour);
  await fired;
  first.ends[0]!.resolve();
  await one.scheduler.close();
  two.pass(hour);
  await two.scheduler.close();
  expect([first.ends.length, second.ends.length]).toEqual([1, 0]);
  expect(two.lines).toMatchObject([{ level: "debug", op: "schedule.check" }]);
});

it("a firing that takes longer than its period keeps others out", async () => {
  const first = job();
  const one = process_("one", [first.job]);
  const fired = first.begun();
  one.pass(40 * 60_000);
  await fired;
  const expires = async () =>
    (await engine.query<{ at: Date }>("SELECT expires_at::text AS at FROM runback.leases")).rows[0]!.at;
  const before = await expires();
  one.pass(20 * 60_000);
  // The extension is a transaction of its own: ask until it is there.
  for (let tries = 0; (await expires()) === before; tries++) if (tries > 1_000) throw new Error("it was not extended");
  first.ends[0]!.resolve();
  await one.scheduler.close();
});

it("a job that fails is logged without its words, and fires again", async () => {
  let runs = 0;
  const broken: Job = {
    name: "broken",
    everyMs: hour,
    run: async () => {
      runs += 1;
      throw new Error("password of somebody");
    },
  };
  const one = process_("one", [broken]);
  one.pass(hour);
  await one.scheduler.close();
  expect(runs).toBe(1);
  expect(one.lines).toMatchObject([{ level: "error", op: "schedule.broken", fields: { code: "UNEXPECTED" } }]);
  expect(JSON.stringify(one.lines)).not.toContain("password");
});

it("a timer that comes a millisecond early does not fire twice", async () => {
  const { job: check, ends } = job();
  const one = process_("one", [check]);
  one.early(1);
  expect(one.waiting()).toEqual(["2026-01-15T15:00:00.000Z"]);
  expect(ends).toHaveLength(0);
  await one.scheduler.close();
});

it("close stops the timers and waits for what is running", async () => {
  const { job: check, begun, ends } = job();
  const one = process_("one", [check]);
  const fired = begun();
  one.pass(hour);
  await fired;
  let closed = false;
  const closing = one.scheduler.close().then(() => {
    closed = true;
  });
  await engine.query("SELECT 1");
  expect(closed).toBe(false);
  ends[0]!.resolve();
  await closing;
  expect(one.waiting()).toEqual([]);
});
