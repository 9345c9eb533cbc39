import type { TierShare } from "@runback/core";
import { html } from "hono/html";
import { percentText } from "./percent-text.ts";
import { printable } from "./printable.ts";

const rowHeight = 30;
const labelPercent = 30;
/** Leaves room for "10,000,000 (>99.9%)" right of the longest bar. */
const barPercent = 44;
const longestLabel = 16;

/** What the template helper returns while every value in it is plain. */
type Html = ReturnType<typeof html>;

/**
 * A horizontal bar chart as inline SVG. Widths are percentages and there is no view box, so that text keeps its size on any
 * screen. The longest bar fills its column: bars compare codes, the printed share says how much of all rows each has.
 * The table beside it holds the same data; screen readers get that and this summary.
 */
export function tierChart(tiers: readonly TierShare[], words: { readonly rows: string; readonly noun: string }): Html {
  const largest = Math.max(1, ...tiers.map(({ count }) => count));
  return html`<svg class="chart" role="img" aria-labelledby="chart-title" width="100%" height="${tiers.length * rowHeight}">
<title id="chart-title">Bar chart of ${words.rows} in each of ${tiers.length} ${words.noun}s; the table below has the same numbers.</title>
${tiers.map((tier, index) => bar(tier, index * rowHeight, largest))}</svg>`;
}

function bar(tier: TierShare, top: number, largest: number): Html {
  const width = (barPercent * tier.count) / largest;
  const middle = top + rowHeight / 2;
  // A tier that has members shows at least a line.
  const drawn = tier.count > 0 ? Math.max(width, 0.4) : 0;
  return html`<text class="label" x="0" y="${middle}">${shorten(printable(tier.tierName || tier.tierCode))}</text>
<rect class="bar" x="${labelPercent}%" y="${top + 5}" width="${drawn.toFixed(2)}%" height="${rowHeight - 10}" rx="2"/>
<text class="value" x="${(labelPercent + drawn + 1.2).toFixed(2)}%" y="${middle}">${tier.count.toLocaleString("en-US")} (${percentText(tier.percentage)})</text>
`;
}

function shorten(label: string): string {
  const letters = [...label];
  return letters.length <= longestLabel
    ? label
    : `${letters
        .slice(0, longestLabel - 1)
        .join("")
        .trimEnd()}…`;
}
