export interface MarkdownColumn {
  /** Markdown; already escaped. */
  readonly title: string;
  readonly align?: "right";
}

/** A GFM table as lines. Cells are Markdown, already escaped, without line breaks. */
export function markdownTable(columns: readonly MarkdownColumn[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ align }) => (align === "right" ? "---:" : "---"))),
    ...rows.map(line),
  ];
}
