import { posix } from "node:path";
import { RunbackError } from "@runback/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertKey, assertPrefix, compareKeys, isKey } from "./key.ts";

const refused: readonly [string, string][] = [
  ["", "empty"],
  ["/etc/passwd", "leading slash"],
  ["..", "only dots"],
  ["a/../b", "parent"],
  ["a/./b", "self"],
  ["a//b", "empty segment"],
  ["a/", "trailing slash"],
  ["a\\b", "backslash"],
  ["..\\..\\b", "windows parent"],
  ["a\0b", "NUL"],
  ["a\nb", "newline"],
  ["a\u007fb", "DEL"],
  ["a\u0085b", "C1"],
  ["a\ud800b", "lone surrogate"],
  ["x".repeat(256), "long segment"],
  [`${"é".repeat(127)}xx`, "long segment in bytes"],
  [`${"abc/".repeat(256)}d`, "1,025 bytes"],
  [".runback-tmp-1", "reserved name"],
  ["a/.runback-retain-1/b", "reserved folder"],
];

const accepted = [
  "a",
  "a/b.json",
  ".hidden",
  "..a",
  "a..",
  "...",
  "bundles/run 1/id-map.json",
  "é/日本/🙂.json",
  "a%2e%2e/b",
  "x".repeat(255),
  `${"é".repeat(127)}x`,
  `${"abc/".repeat(255)}abcd`,
];

describe("assertKey", () => {
  test.each(refused)("refuses %j (%s)", (key) => {
    expect(isKey(key)).toBe(false);
    expect(() => assertKey(key)).toThrowError(expect.objectContaining({ code: "VAULT_KEY_INVALID", exit: 2 }));
  });

  test.each(accepted)("accepts %j", (key) => {
    assertKey(key);
    expect(isKey(key)).toBe(true);
  });

  test("the message never carries a raw control character", () => {
    try {
      assertKey("a\u001b[2Jb");
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RunbackError);
      expect((error as RunbackError).message).not.toMatch(/\p{Cc}/u);
    }
  });

  test("whatever is accepted names exactly itself below its root", () => {
    const segment = fc.oneof(fc.constantFrom(".", "..", "", "a", "\\", "%2e%2e", " "), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const key = segments.join("/");
        fc.pre(isKey(key));
        expect(posix.join("/vault", key)).toBe(`/vault/${key}`);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("assertPrefix", () => {
  test.each(["", "a", "a/", "runs/2026-", "a/b/"])("accepts %j", (prefix) => assertPrefix(prefix));
  test.each(["/", "//", "../", "a/../", "a//", "\0"])("refuses %j", (prefix) => {
    expect(() => assertPrefix(prefix)).toThrowError(expect.objectContaining({ code: "VAULT_KEY_INVALID" }));
  });
});

test("compareKeys orders by UTF-8 bytes", () => {
  expect(["🙂", "ﬀ", "a/b", "a.b", "a-b", "é"].sort(compareKeys)).toEqual(["a-b", "a.b", "a/b", "é", "ﬀ", "🙂"]);
});
