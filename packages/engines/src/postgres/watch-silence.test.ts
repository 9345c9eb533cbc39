import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchSilence } from "./watch-silence.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watched(answered: boolean) {
  const asked = vi.fn(async (_ms: number) => answered);
  const gaveUp = vi.fn();
  return { asked, gaveUp, watch: watchSilence(1_000, asked, gaveUp) };
}

test("asks only while something is under way, and never when everything is quick", async () => {
  const { asked, watch } = watched(true);
  for (let n = 0; n < 10; n++) {
    await watch(async () => n);
    await vi.advanceTimersByTimeAsync(400);
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("a long statement is waited for as long as questions are answered", async () => {
  const { asked, gaveUp, watch } = watched(true);
  const { promise, resolve } = Promise.withResolvers<string>();
  const work = watch(() => promise);
  await vi.advanceTimersByTimeAsync(5_100);
  expect(asked).toHaveBeenCalledTimes(10);
  expect(asked).toHaveBeenCalledWith(500);
  resolve("done");
  expect(await work).toBe("done");
  expect(gaveUp).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("gives up when a question is not answered, also for work that began later", async () => {
  const { gaveUp, watch } = watched(false);
  const failing = watch(
    () => new Promise((_, reject) => gaveUp.mockImplementation(() => reject(new Error("connection ended")))),
  );
  const told = expect(failing).rejects.toThrow("connection ended");
  await vi.advanceTimersByTimeAsync(500);
  await told;
  expect(gaveUp).toHaveBeenCalledTimes(1);
});

test("passes errors on, and counts work that failed as over", async () => {
  const { asked, watch } = watched(true);
  await expect(watch(() => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).not.toHaveBeenCalled();
});
