import fc from "fast-check";
import { expect, test } from "vitest";
import { bundlePrefix, isBundleFile, rowDigestsName } from "./bundle-names.ts";
import { isKey } from "./key.ts";

test("row digests have one safe file a table", () => {
  expect(rowDigestsName("Member")).toBe("row-digests/Member.json");
  expect(rowDigestsName("public.Event Registration")).toBe("row-digests/public.Event Registration.json");
  expect(rowDigestsName("../../etc/passwd")).toBe("row-digests/..%2F..%2Fetc%2Fpasswd.json");
  expect(rowDigestsName("a\\b\n%")).toBe("row-digests/a%5Cb%0A%25.json");
});

test("no two tables share a file, and every name is a key", () => {
  const table = fc.string({
    unit: fc.constantFrom("a", "/", "\\", "%", "2", "F", ".", "\n", "\u0085"),
    minLength: 1,
    maxLength: 63,
  });
  fc.assert(
    fc.property(table, table, (a, b) => {
      expect(isKey(rowDigestsName(a))).toBe(true);
      expect(rowDigestsName(a) === rowDigestsName(b)).toBe(a === b);
    }),
    { numRuns: 1000 },
  );
});

test("a run id is one plain segment", () => {
  expect(bundlePrefix("run-2026-01")).toBe("bundles/run-2026-01");
  for (const bad of ["", "a/b", "..", "../x", "a\\b", "/"]) {
    expect(() => bundlePrefix(bad)).toThrowError(expect.objectContaining({ code: "VAULT_KEY_INVALID" }));
  }
});

test("the files Runback reads are known by name", () => {
  for (const name of [
    "migration-report.json",
    "policy-bundle.json",
    "migration-config.json",
    "id-map.json",
    "row-digests/x.json",
  ]) {
    expect(isBundleFile(name)).toBe(true);
  }
  expect(isBundleFile("verification-report.md")).toBe(false);
});
