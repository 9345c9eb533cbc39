import { createServer } from "node:net";
import { expect, test } from "vitest";
import { choosePort } from "./port.ts";

test("the preferred port when it is free, another one while it is not, the preferred one again after", async () => {
  const preferred = await choosePort(undefined);
  expect(await choosePort(preferred)).toBe(preferred);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(preferred, "127.0.0.1", resolve));
  const chosen = await choosePort(preferred);
  expect(chosen).not.toBe(preferred);
  expect(chosen).toBeGreaterThanOrEqual(15_432);
  expect(chosen).toBeLessThan(32_000);
  await new Promise((resolve) => other.close(resolve));
  expect(await choosePort(preferred)).toBe(preferred);
});
