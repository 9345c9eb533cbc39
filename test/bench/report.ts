/** One measured figure beside its limit. */
export interface Figure {
  readonly name: string;
  /** What was measured over: rows, bytes. */
  readonly size: string;
  readonly value: number;
  readonly unit: "s" | "x" | "rows/s" | "MB";
  readonly limit: number;
  readonly better: "lower" | "higher";
  /** The measurements behind it, in the order they were taken. */
  readonly samples: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

export function holds({ value, limit, better }: Figure): boolean {
  return better === "lower" ? value <= limit : value >= limit;
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    figure.size,
    `${format(figure.value)} ${figure.unit}`,
    `${figure.better === "lower" ? "<=" : ">="} ${format(figure.limit)}`,
    holds(figure) ? "ok" : "MISSED",
    figure.samples.map(format).join(" "),
  ]);
  const header = ["figure", "over", "median", "limit", "", "samples"];
  const widths = header.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}
