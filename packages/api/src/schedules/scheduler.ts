import { RunbackError } from "@runback/core";
import type { Context } from "@runback/operations";

export interface Job {
  /** Kebab-case; names its lease `schedule:<name>`. */
  readonly name: string;
  /** It fires when the UTC clock reaches a multiple of this. */
  readonly everyMs: number;
  /** Throws when what it looks at is not well. */
  readonly run: () => Promise<unknown>;
}

/** The timer of the process, or one that a test holds. */
export interface Timers {
  set(fire: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

const realTimers: Timers = {
  set: (fire, ms) => {
    const timer = setTimeout(fire, ms);
    // Schedules alone keep no process alive.
    timer.unref();
    return timer;
  },
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

export interface Scheduler {
  /** Fires no more, and waits for what is running. */
  close(): Promise<void>;
}

type SchedulerContext = Pick<Context, "engine" | "clock" | "logger" | "holder">;

/**
 * Fires jobs on the UTC clock, never on start. Of all processes that serve a target exactly one fires a job at a time, and
 * once a period: whoever gets the lease keeps it nearly until the next firing, also when it is done, and a process that
 * died is replaced by then.
 */
export function startScheduler(
  context: SchedulerContext,
  jobs: readonly Job[],
  timers: Timers = realTimers,
): Scheduler {
  const waiting = new Map<Job, unknown>();
  const running = new Set<Promise<void>>();
  let closed = false;

  const arm = (job: Job): void => {
    const now = context.clock.now().getTime();
    const next = (Math.floor(now / job.everyMs) + 1) * job.everyMs;
    waiting.set(
      job,
      timers.set(() => {
        if (closed) return;
        // A timer may be early by a millisecond: the same firing must not come twice.
        if (context.clock.now().getTime() < next) return arm(job);
        const fired = fire(context, job, timers).finally(() => running.delete(fired));
        running.add(fired);
        arm(job);
      }, next - now),
    );
  };
  for (const job of jobs) arm(job);
  return {
    close: async () => {
      closed = true;
      for (const timer of waiting.values()) timers.clear(timer);
      await Promise.all(running);
    },
  };
}

async function fire({ engine, logger, clock, holder }: SchedulerContext, job: Job, timers: Timers): Promise<void> {
  const op = `schedule.${job.name}`;
  const began = clock.now().getTime();
  const ttlMs = Math.floor(job.everyMs * 0.9);
  let beat: unknown;
  let done = false;
  try {
    const lease = await engine.transaction((tx) =>
      engine.store.acquireLease(tx, { name: `schedule:${job.name}`, runId: op, holder, ttlMs }),
    );
    if (lease === undefined) return logger.log("debug", op, { message: "another process has this firing" });
    const hold = (): void => {
      // A job that takes longer than its period must not be joined by a second one.
      beat = timers.set(
        () => {
          if (done) return;
          engine.transaction((tx) => engine.store.holdLease(tx, lease, ttlMs)).catch(() => {});
          hold();
        },
        Math.floor(ttlMs / 3),
      );
    };
    hold();
    await job.run();
    logger.log("info", op, { duration_ms: clock.now().getTime() - began });
  } catch (error) {
    const { code, message } =
      error instanceof RunbackError ? error : { code: "UNEXPECTED", message: "the schedule stopped at an error" };
    logger.log("error", op, { code, message, duration_ms: clock.now().getTime() - began });
  } finally {
    done = true;
    if (beat !== undefined) timers.clear(beat);
  }
}
