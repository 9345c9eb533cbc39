import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { startFailed } from "./start-failed.ts";

// Below the ranges from which Linux (32768) and macOS (49152) give out ports for a while, so that it stays free.
const LOWEST = 15_432;
const ABOVE = 32_000;

/** The preferred port when it is free on 127.0.0.1, else a free one. */
export async function choosePort(preferred: number | undefined): Promise<number> {
  if (preferred !== undefined && (await isFree(preferred))) return preferred;
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(LOWEST, ABOVE);
    if (await isFree(port)) return port;
  }
  throw startFailed("no free port on 127.0.0.1", `100 ports from ${LOWEST} to ${ABOVE} were tried`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
