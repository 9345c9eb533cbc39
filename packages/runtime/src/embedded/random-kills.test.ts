import { randomInt } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type HoldingClient,
  holdEmbedded,
  postmasterPid,
  query,
  scratchFolder,
  serverProcesses,
  supervisorPid,
} from "../../../../test/support/embedded-clients.ts";
import { acquireEmbedded } from "./acquire.ts";
import { waitUntil } from "./wait-until.ts";

const STEPS = process.env.RUNBACK_DEEP ? 400 : 8;

test(`${STEPS} random starts, releases and kills lose no commit and leave nothing behind`, {
  timeout: 900_000,
}, async () => {
  const seed = Number(process.env.RUNBACK_SEED ?? randomInt(2 ** 31));
  console.log(`RUNBACK_SEED=${seed}`);
  const random = generator(seed);
  const scratch = scratchFolder();
  const directory = join(scratch.path, ".runback");
  const clients: HoldingClient[] = [];
  const take = () => clients.splice(Math.floor(random() * clients.length), 1)[0];
  const actions: [string, () => unknown][] = [
    ["start", async () => clients.length < 4 && clients.push(await holdEmbedded(directory))],
    ["start two", async () => clients.push(...(await Promise.all([holdEmbedded(directory), holdEmbedded(directory)])))],
    ["release", () => take()?.release()],
    ["kill client", () => take()?.kill()],
    ["kill supervisor", () => kill(() => supervisorPid(directory))],
    ["kill postmaster", () => kill(() => postmasterPid(directory))],
  ];
  const done: string[] = [];
  try {
    const first = await acquireEmbedded({ directory });
    await query(first.url, "CREATE TABLE committed (step int PRIMARY KEY)");
    await first.release();
    for (let step = 1; step <= STEPS; step++) {
      const [name, act] = actions[Math.floor(random() * actions.length)]!;
      done.push(name);
      await act();
      await using lease = await acquireEmbedded({ directory });
      await insert(lease.url, step);
    }
    await Promise.all(clients.splice(0).map((client) => client.release()));
    expect(await waitUntil(20_000, () => serverProcesses(directory).length === 0)).toBe(true);
    await using last = await acquireEmbedded({ directory });
    const [row] = await query(last.url, "SELECT count(*)::int AS count, max(step) AS max FROM committed");
    expect(row).toEqual({ count: STEPS, max: STEPS });
  } catch (error) {
    throw new Error(`RUNBACK_SEED=${seed}, after ${done.join(", ")}`, { cause: error });
  } finally {
    for (const client of clients) client.process.kill("SIGKILL");
    scratch.clean(directory);
  }
});

/** Until it is acknowledged: the server may just have been killed, and comes back for its clients. */
async function insert(url: string, step: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await query(url, `INSERT INTO committed VALUES (${step}) ON CONFLICT DO NOTHING`);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}

function kill(pid: () => number | undefined): void {
  try {
    const target = pid();
    if (target) process.kill(target, "SIGKILL");
  } catch (error) {
    // It is not running at the moment.
    if (!["ESRCH", "ENOENT"].includes(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}

/** mulberry32: numbers in [0, 1) that depend on the seed alone. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
