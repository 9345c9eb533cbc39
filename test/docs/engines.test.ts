import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Capabilities } from "@runback/core";
import { engineCapabilities } from "@runback/engines";
import { expect, test } from "vitest";

const meaning: Readonly<Record<keyof Capabilities, string>> = {
  transactionalDdl: "schema changes commit and roll back with the data",
  statementTriggers: "the journal is written once a statement, not once a row",
  returning: "statements return the rows they changed",
  copy: "bulk load as a stream",
  concurrentSessions: "several sessions at once",
  programSessions: "`runback exec`: any program's changes are journaled",
  cascadesFireTriggers: "what a foreign key cascades is journaled",
  arrays: "array types",
  snapshots: "snapshots, restored and proven",
  writeFreeze: "`runback freeze`: nobody writes until it is lifted",
};

const names = Object.keys(engineCapabilities);

/** Engine by capability, from the flags that the code asks. */
const table = [
  `| | ${names.map((name) => `\`${name}\``).join(" | ")} |`,
  `|---|${names.map(() => "---").join("|")}|`,
  ...Object.entries(meaning).map(
    ([flag, words]) =>
      `| ${words} | ${names.map((name) => (engineCapabilities[name]![flag as keyof Capabilities] ? "yes" : "no")).join(" | ")} |`,
  ),
].join("\n");

test.each(["README.md", "docs/engines.md"])("the table of engines in %s is what the engines say", (page) => {
  expect(readFileSync(join(import.meta.dirname, "../..", page), "utf8")).toContain(table);
});
