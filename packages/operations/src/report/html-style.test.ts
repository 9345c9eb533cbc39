import { describe, expect, test } from "vitest";
import { htmlStyle } from "./html-style.ts";

type Palette = Readonly<Record<string, string>>;

/** The custom properties of a `:root` block. */
function palette(block: string): Palette {
  return Object.fromEntries(
    [...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, color]) => [name, color]),
  );
}

/** WCAG 2.2 contrast ratio, 1 to 21. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const [light, dark] = [...htmlStyle.matchAll(/:root \{[^}]*\}/g)].map(([block]) => palette(block)) as [
  Palette,
  Palette,
];

describe.each([
  ["light", light],
  ["dark", dark],
])("%s colours", (_, colors) => {
  test("are all defined", () => {
    const used = new Set([...htmlStyle.matchAll(/var\(--([a-z-]+)\)/g)].map(([, name]) => name));
    expect([...used].filter((name) => !Object.hasOwn(colors, name!))).toEqual([]);
  });

  test.each([
    ["text", "page", 4.5],
    ["soft", "page", 4.5],
    ["text", "band", 4.5],
    ["soft", "band", 4.5],
    ["pass", "pass-back", 4.5],
    ["warn", "warn-back", 4.5],
    ["fail", "fail-back", 4.5],
    ["text", "pass-back", 4.5],
    ["text", "fail-back", 4.5],
    ["bar", "page", 3],
  ])("%s on %s has a contrast of at least %d", (front, back, least) => {
    expect(contrast(colors[front]!, colors[back]!)).toBeGreaterThanOrEqual(least);
  });
});
