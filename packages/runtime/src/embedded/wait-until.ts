const PAUSE_MS = 20;

/** Asks every 20 ms until the condition holds; false when it did not within the time. */
export async function waitUntil(timeoutMs: number, condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return true;
}
