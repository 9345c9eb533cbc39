import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openEngine } from "@runback/engines";

const { url, table, rows } = workerData as { url: string; table: string; rows: number };
const engine = await openEngine(url);
await engine.query("SELECT 1");
/** A number generator that is the same in every run. */
let state = 7;
const next = () => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return state / 2 ** 32;
};
let times = null as number[] | null;
parentPort!.on("message", (said: string) => {
  if (said === "end") parentPort!.postMessage(times);
  times = said === "begin" ? [] : null;
});
parentPort!.postMessage("ready");
for (;;) {
  const into = times;
  if (into === null) {
    await sleep(5);
    continue;
  }
  const id = (1 + Math.floor(next() * rows)) * 3;
  const began = performance.now();
  await engine.transaction((tx) =>
    tx.query(`UPDATE ${table} SET status = 'present', status_v2 = 'checkedin' WHERE id = ${id}`),
  );
  const took = performance.now() - began;
  into.push(took);
  await sleep(Math.max(0, 10 - took));
}
