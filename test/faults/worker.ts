/**
 * One job as a process of its own, for tests that kill, stop or cut it off: `node worker.ts '<job as JSON>'`.
 * Lines on stdout: `{"point":3,"name":"before commit"}` when it holds at the place `holdAt` names, until a line comes on
 * stdin; `{"progress":"members","done":40}`; at last `{"result":…}` or `{"error":{…}}`, then `{"points":n,"peakKb":n}`.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { errorDocument } from "@runback/core";
import { type Job, runJob } from "./job.ts";
import { engineWithPoints, vaultWithPoints } from "./points.ts";

export interface WorkerJob extends Job {
  /** Number of the place to hold at, or what the place's name begins with (its first time). */
  readonly holdAt?: number | string;
  /** Go on from there to a place whose name begins so: how many there are before it may differ by a statement. */
  readonly holdFor?: string;
  /** Only say that it came to that place, and go on: who kills it then meets it inside a statement. */
  readonly goOn?: boolean;
}

const job = JSON.parse(process.argv[2] ?? "") as WorkerJob;
const input = createInterface(process.stdin)[Symbol.asyncIterator]();
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
let points = 0;
let held = false;

async function reach(name: string): Promise<void> {
  points += 1;
  const { holdAt, holdFor = "" } = job;
  if (held || holdAt === undefined) return;
  const here = typeof holdAt === "string" ? name.startsWith(holdAt) : points >= holdAt && name.startsWith(holdFor);
  if (!here) return;
  held = true;
  say({ point: points, name });
  if (!job.goOn) await input.next();
}

try {
  const result = await runJob(job, {
    engine: (engine) => engineWithPoints(engine, reach),
    vault: (vault) => vaultWithPoints(vault, reach),
    answered: () => reach("after an answer"),
    onProgress: ({ phase, done }) => say({ progress: phase, done }),
  });
  say({ result });
} catch (error) {
  say(errorDocument(error));
  process.exitCode = 2;
}
say({ points, peakKb: peakKb() });
process.stdin.destroy();

/** Largest resident set so far, in KiB; null where the system does not say. */
function peakKb(): number | null {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? Number.NaN);
  } catch {
    return null;
  }
}
