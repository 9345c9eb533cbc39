/** What a step's size and the pause after it are decided from; stored in the checkpoint. */
export interface Pace {
  /** Rows of the table the next step looks at. */
  readonly rows: number;
  /** Milliseconds a thousand rows took at best, forgotten slowly; null before the first step. */
  readonly best: number | null;
  /** Timeouts in a row. */
  readonly timeouts: number;
}

export interface Took {
  readonly rows: number;
  /** Rows written. */
  readonly filled: number;
  readonly ms: number;
  /** Other sessions had to wait for this step, or wrote since the last one. */
  readonly crowded: boolean;
  /** Sessions that wait cannot be seen here. */
  readonly blind: boolean;
}

export const firstPace: Pace = { rows: 500, best: null, timeouts: 0 };

const fewest = 20;
const most = 200_000;
/** Work aims at this share of what a step may take: what comes between (a checkpoint of the server, another writer) fits in. */
const share = 0.3;
/** Among others it aims at 10 ms and rests twice as long: they wait for processor and log more than for rows (ADR 18). */
const crowdedShare = 0.04;
const crowdedRest = 2;
/** Steps that write less say nothing about how fast the target is. */
const tellingRows = 100;
/** Slower than its best by this factor, a step waits after itself even if nobody is seen to wait. */
const slow = 2;

const gap = 0.05;

/** Size of the next step: grows by a fifth at most, shrinks at once. */
export function paceAfter(pace: Pace, took: Took, stepMs: number): Pace {
  const ideal = (took.rows * stepMs * (took.crowded ? crowdedShare : share)) / Math.max(took.ms, 0.5);
  const rows = ideal < took.rows ? ideal : Math.min(ideal, took.rows * 1.2);
  const per = (took.ms * 1_000) / Math.max(took.filled, 1);
  const best = took.filled < tellingRows ? pace.best : pace.best === null ? per : Math.min(per, pace.best * 1.01);
  return { rows: bounded(rows), best, timeouts: 0 };
}

/** After a step that met a lock: half the size. */
export function paceAfterTimeout(pace: Pace): Pace {
  return { ...pace, rows: bounded(pace.rows / 2), timeouts: pace.timeouts + 1 };
}

/** Whether waiting on does not help: the smallest step met a lock again and again, so its rows come later. */
export function givesWay({ rows, timeouts }: Pace): boolean {
  return rows <= fewest && timeouts % 4 === 3;
}

/** Minutes of nothing but timeouts: whoever runs it is to know. */
export function isHopeless({ timeouts }: Pace): boolean {
  return timeouts >= 240;
}

/**
 * Milliseconds to leave the target alone after a step. Twice as long as the step itself where others write or wait; a share
 * of it where it was slow beside the best steps so far. Else none, but for a gap where others could not be seen: whoever
 * waits for a file looks for it now and then, and gets it only in between.
 */
export function pauseAfter(pace: Pace, took: Took): number {
  if (took.crowded) return took.ms * crowdedRest;
  const least = took.blind ? took.ms * gap : 0;
  if (pace.best === null || took.filled < tellingRows) return least;
  const ratio = (took.ms * 1_000) / took.filled / pace.best;
  return Math.max(least, ratio < slow ? 0 : took.ms * Math.min(0.25, (ratio - slow) / 4));
}

/** After a timeout: longer each time, to a second. */
export function pauseAfterTimeout({ timeouts }: Pace): number {
  return Math.min(1_000, 25 * 2 ** timeouts);
}

const bounded = (rows: number) => Math.max(fewest, Math.min(most, Math.floor(rows)));
