import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Sources that can reach a user, by path. */
const sources = globSync(["packages/*/{src,program}/**/*.ts", "functions/**/*.ts"], { cwd: root })
  .filter((path) => !path.endsWith(".test.ts") && !path.includes("node_modules"))
  .map((path) => [path, readFileSync(`${root}/${path}`, "utf8")] as const);

/** Functions that are given the code of the error they make. */
const makers = ["notFound"];

/** Codes that are made elsewhere: by the launcher in JavaScript, and for errors of no type. */
const elsewhere = ["NODE_TOO_OLD", "UNEXPECTED"];

function codesInSources(): Set<string> {
  const made = new RegExp(String.raw`\b(?:new RunbackError|${makers.join("|")})\(\s*"([A-Z][A-Z0-9_]+)"`, "g");
  return new Set([...elsewhere, ...sources.flatMap(([, text]) => [...text.matchAll(made)].map((match) => match[1]!))]);
}

test("every error is made with its code in plain sight", () => {
  const hidden = sources.flatMap(([path, text]) =>
    [...text.matchAll(/new RunbackError\(\s*(\w+)/g)].map((match) => `${path}: ${match[1]}`),
  );
  // `notFound` is given its code; what a supervisor or an operation made is passed on with its code.
  expect(hidden.sort()).toEqual([
    "packages/api/src/http/problem.ts: thrown",
    "packages/runtime/src/embedded/connect.ts: code",
    "packages/runtime/src/runtime.ts: code",
  ]);
});

test("docs/errors.md has every error code, and no other", () => {
  const rows = readFileSync(`${root}/docs/errors.md`, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const documented = rows.flatMap((row) =>
    [...row.split("|")[1]!.matchAll(/`([A-Z0-9_]+)`/g)].map((match) => match[1]!),
  );
  expect(documented.length).toBe(new Set(documented).size);
  expect(documented.sort()).toEqual([...codesInSources()].sort());
});

test("codes marked with 1 are those whose exit status is 1", () => {
  const marked = [...readFileSync(`${root}/docs/errors.md`, "utf8").matchAll(/^\| `([A-Z0-9_]+)` \*\*1\*\*/gm)].map(
    (match) => match[1]!,
  );
  // A code and its options end with the first `});` after it, or with the line that closes a longer call.
  const ones = sources.flatMap(([, text]) =>
    [...text.matchAll(/new RunbackError\(\s*"([A-Z0-9_]+)"((?:(?!new RunbackError)[\s\S])*?)\}\s*,?\s*\);/g)]
      .filter((match) => /\bexit: 1\b/.test(match[2]!))
      .map((match) => match[1]!),
  );
  expect([...new Set(ones)].sort()).toEqual(marked.sort());
});
