import { expect, it } from "vitest";
import { ownPath } from "./create-dashboard.ts";

it.each([
  ["/", "/"],
  ["/runs/run-1?check=bundle", "/runs/run-1?check=bundle"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["/\t/evil.example", "/"],
  ["https://evil.example/", "/"],
  ["javascript:alert(1)", "/"],
  ["", "/"],
  [undefined, "/"],
])("%j goes to %s", (given, path) => {
  expect(ownPath(given)).toBe(path);
});
