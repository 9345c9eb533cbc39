import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { consoleBlocks } from "./support/console-blocks.ts";
import { openScratch } from "./support/scratch.ts";
import { ShownOutput } from "./support/shown-output.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = ["README.md", ...globSync("docs/*.md", { cwd: root })].filter(
  (page) => consoleBlocks(readFileSync(`${root}/${page}`, "utf8")).length > 0,
);

test("the tour is part of what is checked", () => {
  expect(pages).toContain("README.md");
  expect(pages).toContain("docs/cli.md");
});

test.each(pages)("every command of %s prints what the page shows", { timeout: 300_000 }, async (page) => {
  await using scratch = await openScratch();
  const output = new ShownOutput();
  for (const { command, shown, line } of consoleBlocks(readFileSync(`${root}/${page}`, "utf8"))) {
    const { printed } = await scratch.type(output.command(command));
    expect(output.compare(shown, printed), `${page}, line ${line}: ${command}`).toBeNull();
  }
});
