import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { outsideSource } from "./outside-source.ts";

let home: string;
const allowed = () => ({ home, configured: [".runback/sample"], base: "exports" });

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "runback-sources-"));
  mkdirSync(join(home, "exports", "2026-01"), { recursive: true });
  mkdirSync(join(home, "exports-other"));
  mkdirSync(join(home, "secret"));
  writeFileSync(join(home, "exports", "file.csv"), "");
  symlinkSync(join(home, "secret"), join(home, "exports", "link"));
  symlinkSync(join(home, "exports", "2026-01"), join(home, "exports", "latest"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it("takes the configured source by its own name, and plain paths below the base folder", () => {
  expect(outsideSource(allowed(), ".runback/sample")).toBe(join(home, ".runback/sample"));
  expect(outsideSource(allowed(), "2026-01")).toBe(join(home, "exports/2026-01"));
  expect(outsideSource(allowed(), "latest")).toBe(join(home, "exports/2026-01"));
});

it.each([
  "",
  ".",
  "..",
  "../secret",
  "2026-01/../../secret",
  "./2026-01",
  "/etc",
  "//etc",
  "\\\\host\\share",
  "..\\secret",
  "link",
  "link/deeper/..",
  "2026-01\0",
  "2026-01\n",
  "../exports-other",
  "file:///etc",
  "C:\\Windows",
  "\ud800",
])("refuses %j", (source) => {
  expect(() => outsideSource(allowed(), source)).toThrow(expect.objectContaining({ code: "SOURCE_REFUSED" }));
});

it("refuses an absolute path even when it lies below the base folder", () => {
  expect(() => outsideSource(allowed(), join(home, "exports/2026-01"))).toThrow(
    expect.objectContaining({ code: "SOURCE_REFUSED" }),
  );
});

it("refuses every name but the configured one when no base folder is configured", () => {
  expect(() => outsideSource({ ...allowed(), base: undefined }, "2026-01")).toThrow(
    expect.objectContaining({ code: "SOURCE_REFUSED" }),
  );
});

it.each(["2027-01", "file.csv"])("says that %s is no folder", (source) => {
  expect(() => outsideSource(allowed(), source)).toThrow(expect.objectContaining({ code: "SOURCE_NOT_FOUND" }));
});
