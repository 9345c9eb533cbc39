import { describe, expect, test } from "vitest";
import { displayValue } from "./display-value.ts";
import { jsonValue } from "./json-value.ts";

describe("displayValue", () => {
  test.each([
    ["a number and its text differ", displayValue(5), displayValue("5")],
    ["null and absent differ", displayValue(null), displayValue(undefined)],
    ["null and an empty text differ", displayValue(null), displayValue("")],
    ["a list and its text differ", displayValue([1, 2]), displayValue("[1,2]")],
    ["NaN is not null", displayValue(Number.NaN), displayValue(null)],
  ])("%s", (_, a, b) => {
    expect(a).not.toBe(b);
  });

  test("key order does not show", () => {
    expect(displayValue({ b: 1, a: [{ d: 1, c: 2 }] })).toBe('{"a":[{"c":2,"d":1}],"b":1}');
    expect(displayValue({ a: [{ c: 2, d: 1 }], b: 1 })).toBe('{"a":[{"c":2,"d":1}],"b":1}');
  });

  test("is one printable line", () => {
    expect(displayValue("a\n\u009b\u202e")).toBe('"a\\n\ufffd\ufffd"');
  });
});

describe("jsonValue", () => {
  test("keeps counts that drivers return as bigint", () => {
    expect(jsonValue({ count: 2147n, big: 2n ** 53n })).toEqual({ count: 2147, big: "9007199254740992" });
  });

  test("keeps times, and what JSON would turn into null", () => {
    expect(jsonValue([new Date(0), new Date(Number.NaN), Number.NaN, -Infinity, undefined])).toEqual([
      "1970-01-01T00:00:00.000Z",
      "Invalid Date",
      "NaN",
      "-Infinity",
      null,
    ]);
  });

  test("keeps a member called __proto__ a member", () => {
    expect(JSON.stringify(jsonValue(JSON.parse('{"__proto__":{"a":1},"b":2}')))).toBe('{"__proto__":{"a":1},"b":2}');
  });

  test("leaves absent members absent", () => {
    expect(jsonValue({ a: undefined, b: null })).toEqual({ b: null });
  });
});
