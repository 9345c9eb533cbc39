import { expect, it } from "vitest";
import { style } from "./style.ts";

const blocks = [...style.matchAll(/:root \{([^}]*)\}/g)].map(([, text]) =>
  Object.fromEntries([...text!.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name!, value!])),
);
const schemes = { light: blocks[0]!, dark: { ...blocks[0]!, ...blocks[1]! } };

/** Relative luminance of WCAG 2. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

it("measures contrast as WCAG does", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

const text = [
  ...["text", "soft", "accent"].flatMap((ink) => ["page", "panel"].map((ground) => [ink, ground] as const)),
  ...["good", "warn", "bad", "busy", "calm"].map((tone) => [tone, `${tone}-back`] as const),
  ...["good", "warn", "bad", "busy", "calm"].map((tone) => ["text", `${tone}-back`] as const),
  ["accent-text", "accent"] as const,
];

it.each(["light", "dark"] as const)("all text of the %s scheme has a contrast of 4.5 or more", (scheme) => {
  const colours = schemes[scheme];
  const weak = text
    .map(([ink, ground]) => ({ pair: `${ink} on ${ground}`, ratio: contrast(colours[ink]!, colours[ground]!) }))
    .filter(({ ratio }) => !(ratio >= 4.5));
  expect(weak).toEqual([]);
});

it.each(["light", "dark"] as const)("the parts of a bar stand out from the panel in the %s scheme", (scheme) => {
  const colours = schemes[scheme];
  const parts = ["created", "updated", "quarantined", "conflicts"];
  expect(parts.filter((part) => !(contrast(colours[part]!, colours.panel!) >= 2.5))).toEqual([]);
});
