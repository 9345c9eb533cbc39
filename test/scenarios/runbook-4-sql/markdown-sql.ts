/** Every SQL statement of a handbook in Markdown: its `sql` blocks, and what its shell blocks pass to `psql -c`. */
export function markdownSql(markdown: string): string[] {
  const statements: string[] = [];
  for (const [, language, block] of markdown.matchAll(/^```(sql|bash)\n([\s\S]*?)^```/gm)) {
    if (language === "sql") statements.push(...split(block!));
    else
      for (const [, quoted] of block!.matchAll(/psql\s+\$?\w+\s+-c\s+"((?:[^"\\]|\\[\s\S])*)"/g))
        statements.push(...split(quoted!.replaceAll(/\\(["\\$`])/g, "$1")));
  }
  return statements;
}

/** Statements without comments; a command of another program that stands in an SQL block is none. */
function split(text: string): string[] {
  return text
    .replaceAll(/^\s*--.*$/gm, "")
    .split(/;\s*$|;\s*\n|\n\s*\n/m)
    .map((statement) => statement.trim())
    .filter((statement) => /^(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(statement));
}
