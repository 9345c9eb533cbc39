/**
 * Compares what a page shows with what a command printed. What differs from run to run (run ids, digests, times,
 * durations) is bound on its first appearance and has to be the same wherever the page repeats it, in later commands too.
 */
export class ShownOutput {
  readonly #bound = new Map<string, string>();

  /** A command as it has to be typed here: the page's ids replaced by those of this machine. */
  command(shown: string): string {
    let command = shown;
    for (const [page, here] of this.#bound) command = command.replaceAll(page, here);
    return command;
  }

  /** @returns null when everything fits, otherwise the first line of the page that does not, with what was printed */
  compare(shown: readonly string[], printed: string): string | null {
    const text = printed.replace(/\n+$/, "");
    const lines = text === "" ? [] : text.split("\n");
    let at = 0;
    let skipping = false;
    for (const expected of shown) {
      if (expected.trim() === "...") {
        skipping = true;
        continue;
      }
      const from = at;
      let found = this.#matches(expected, lines[at]);
      while (skipping && !found && at < lines.length) found = this.#matches(expected, lines[++at]);
      if (!found)
        return `the page shows\n  ${expected}\nbut the command printed\n  ${lines.slice(from, from + 40).join("\n  ") || "nothing more"}`;
      skipping = false;
      at++;
    }
    return skipping || at >= lines.length
      ? null
      : `the command printed more than the page shows:\n  ${lines.slice(at).join("\n  ")}`;
  }

  #matches(expected: string, actual: string | undefined): boolean {
    if (actual === undefined) return false;
    const [page, here] = [pieces(expected), pieces(actual)];
    if (page.fixed !== here.fixed || page.ids.length !== here.ids.length) return false;
    // Both directions: two ids of the page may not stand for one here, nor one for two.
    const fits = page.ids.every((id, index) => {
      const known = this.#bound.get(id);
      return known === undefined ? ![...this.#bound.values()].includes(here.ids[index]!) : known === here.ids[index];
    });
    if (fits) for (const [index, id] of page.ids.entries()) this.#bound.set(id, here.ids[index]!);
    return fits;
  }
}

const ids = /(?:run|snap)-\d{8}-\d{6}-[0-9a-f]{6}|(?:apr|ver|tok)-[0-9a-f-]{36}|rb_[\w-]{43}|\b[0-9a-f]{64}\b/g;

/** A line's ids in order, and the rest of it with times and the width of columns taken out. */
function pieces(line: string): { fixed: string; ids: string[] } {
  const fixed = line
    .replace(ids, "<id>")
    .replace(/\b\d+ +(?=\d{4}-\d\d-\d\dT)/g, "<ms> ")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "<time>")
    .replace(/\b\d+(\.\d+)? ?m?s\b/g, "<duration>")
    // A step is an entry of the trail, and a faster machine takes fewer steps.
    .replace(/\b\d+ entries\b/g, "<entries>")
    .replace(/\s+/g, " ")
    .trim();
  return { fixed, ids: line.match(ids) ?? [] };
}
