/** Aligned columns: numbers to the right, texts to the left, two spaces between. */
export function textTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  const numeric = header.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number"));
  return cells
    .map((row) =>
      row
        .map((cell, at) => (numeric[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
