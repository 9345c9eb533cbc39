import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { tiers, wildApricotImport } from "../../packages/membership/src/index.ts";
import { checksOf } from "../../packages/operations/src/verify/verify.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, "utf8");

/** Names in the first column of a page's tables, below one heading. */
function firstColumn(page: string, heading: string): string[] {
  const section = page.split(/^#+ /m).find((each) => each.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`no heading ${heading}`);
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
}

test("docs/verification.md has every check of the membership migration, and no other", () => {
  const documented = firstColumn(read("docs/verification.md"), "Verification");
  expect(documented.sort()).toEqual(
    checksOf(wildApricotImport)
      .map(({ id }) => id)
      .sort(),
  );
});

test("docs/import.md has every reason a row is refused for, and no other", () => {
  const parsers = ["csv-source", "parse-record"].map((name) => `packages/operations/src/import/${name}.ts`);
  const fields = ["dates", "events", "members", "registrations", "text"].map(
    (name) => `packages/membership/src/wild-apricot/${name}.ts`,
  );
  const sql = ["classify-sql", "apply-step"].map((name) => `packages/operations/src/import/${name}.ts`);
  const reasons = new Set([
    ...[...parsers, ...fields].flatMap((path) =>
      [...read(path).matchAll(/reason: "([a-z-]+)"/g)].map((match) => match[1]!),
    ),
    ...sql.flatMap((path) => [...read(path).matchAll(/'([a-z]+(?:-[a-z]+)+)'/g)].map((match) => match[1]!)),
  ]);
  expect(firstColumn(read("docs/import.md"), "Reasons").sort()).toEqual([...reasons].sort());
});

test("docs/membership.md has every policy with its default, and no other", () => {
  const rows = [...read("docs/membership.md").matchAll(/^\| `([a-z]+\.[\w.]+)` \| (.+) \|$/gm)];
  expect(Object.fromEntries(rows.map((row) => [row[1], row[2]]))).toEqual(
    Object.fromEntries(
      wildApricotImport.policies.map(({ key, default: initial }) => [
        key,
        initial === undefined ? "required" : `\`${JSON.stringify(initial)}\``,
      ]),
    ),
  );
});

test("docs/membership.md has every tier in its order", () => {
  expect(firstColumn(read("docs/membership.md"), "Tiers")).toEqual(tiers.map(({ code }) => code));
});

test("docs/cli.md has every variable that the program reads", () => {
  const documented = firstColumn(read("docs/cli.md"), "Everywhere").filter((name) => /^[A-Z_]+$/.test(name));
  const sources = [
    "packages/cli/program/session.ts",
    "packages/cli/program/serve-until-stopped.ts",
    "packages/runtime/src/open-runtime.ts",
  ];
  const variables = new Set(
    sources.flatMap((path) =>
      [...read(path).matchAll(/\benv\.([A-Z_]+)|= "(DATABASE_URL|[A-Z]+_URL)"/g)].map((match) => match[1] ?? match[2]!),
    ),
  );
  // Set by every shell; the page names it where it says who is working.
  variables.delete("USER");
  variables.add("DATABASE_URL");
  expect(documented.sort()).toEqual([...variables].sort());
});
