import { globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { shapeDifferences } from "./support/same-shape.ts";
import { openScratch } from "./support/scratch.ts";
import { shownCommands } from "./support/shown-commands.ts";
import { ShownOutput } from "./support/shown-output.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = ["README.md", ...globSync("docs/*.md", { cwd: root })].filter(
  (page) => shownCommands(readFileSync(`${root}/${page}`, "utf8")).length > 0,
);

test("the tour and the command line's page are part of what is checked", () => {
  expect(pages).toContain("README.md");
  expect(pages).toContain("docs/cli.md");
});

test.each(pages)("every command of %s prints what the page shows", { timeout: 300_000 }, async (page) => {
  await using scratch = await openScratch();
  const output = new ShownOutput();
  for (const { command, shown, line, kind } of shownCommands(readFileSync(`${root}/${page}`, "utf8"))) {
    if (kind === "file") {
      await writeFile(join(scratch.folder, command), `${shown.join("\n")}\n`);
      continue;
    }
    const { printed } = await scratch.type(output.command(command));
    const where = `${page}, line ${line}: ${command}`;
    if (kind === "console") expect(output.compare(shown, printed), where).toBeNull();
    else expect(shapeDifferences(JSON.parse(shown.join("\n")), documentOf(printed)), where).toEqual([]);
  }
});

/** stdout and stderr share the terminal; the document is the one line that begins with a brace and is no log line. */
function documentOf(printed: string): unknown {
  const lines = printed.split("\n").filter((line) => line.startsWith("{") && !line.startsWith('{"timestamp"'));
  expect(lines, printed).toHaveLength(1);
  return JSON.parse(lines[0]!);
}
