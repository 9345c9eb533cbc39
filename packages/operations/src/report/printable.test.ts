import fc from "fast-check";
import { expect, test } from "vitest";
import { printable } from "./printable.ts";

test("text of any script stays as it is", () => {
  const text = "Zoë O'Brien-Łukasz 日本語 मराठी العربية 👩‍🚀 FIRST_YEAR: 800";
  expect(printable(text)).toBe(text);
});

test("a line break cannot start a forged line", () => {
  expect(printable("a\n  [PASS] Row Content: fine\r\n\u2028b")).toBe("a   [PASS] Row Content: fine b");
});

test.each([
  ["escape sequence", "\u001b[32mPASS", "\ufffd[32mPASS"],
  ["NUL", "a\0b", "a\ufffdb"],
  ["C1", "a\u009bb", "a\ufffdb"],
  ["DEL", "a\u007fb", "a\ufffdb"],
  ["text direction", "a\u202eb\u2066c", "a\ufffdb\ufffdc"],
  ["lone surrogate", "a\ud800b", "a\ufffdb"],
  ["non-characters", "a\uffff\ufffe\u{1fffe}b", "a\ufffd\ufffd\ufffdb"],
])("%s shows as U+FFFD", (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test("any text becomes one line of characters that XML 1.0 allows, and stays so", () => {
  const codePoint = fc.oneof(fc.nat(0xff), fc.integer({ min: 0xd800, max: 0xdfff }), fc.nat(0x10ffff));
  fc.assert(
    fc.property(fc.array(codePoint), (codePoints) => {
      const shown = printable(String.fromCodePoint(...codePoints));
      expect(shown).toMatch(/^[\u{20}-\u{7e}\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u);
      expect(printable(shown)).toBe(shown);
    }),
  );
});
