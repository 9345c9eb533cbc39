/** The parts of `"a"."b"` or `"a", "b"`, still quoted. */
export function quotedNames(text: string): string[] {
  return text.match(/"(?:[^"]|"")*"/g) ?? [];
}

export function unquoted(name: string): string {
  return name.slice(1, -1).replaceAll('""', '"');
}
