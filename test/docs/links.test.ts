import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const pages = globSync(["{README,CONTRIBUTING,CHANGELOG}.md", "docs/**/*.md"], { cwd: root }).sort();

/** Links of a page outside code, as `[text](target)`. */
function links(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
}

/** Anchors of a page's headings, as code hosts make them. */
function anchors(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

test.each(pages)("every link of %s leads somewhere", (page) => {
  const broken = links(readFileSync(join(root, page), "utf8"))
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (target.startsWith("..") || !existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchors(readFileSync(join(root, target), "utf8")).has(anchor);
    });
  expect(broken).toEqual([]);
});

test("every page below docs/ is reached from the README", () => {
  const reached = new Set<string>();
  const follow = (page: string): void => {
    if (reached.has(page) || !existsSync(join(root, page))) return;
    reached.add(page);
    for (const link of links(readFileSync(join(root, page), "utf8"))) {
      if (!/^[a-z]+:/.test(link) && link.split("#")[0]!.endsWith(".md"))
        follow(relative(root, join(root, dirname(page), link.split("#")[0]!)));
    }
  };
  follow("README.md");
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});
