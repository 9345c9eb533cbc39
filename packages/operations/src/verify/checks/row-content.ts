import { type Leaf, qualifiedName, type Table, type TableDigest } from "@runback/core";
import { z } from "zod";
import { digestedTables } from "../../import/digested-tables.ts";
import { fileName } from "../../import/evidence.ts";
import { readJson } from "../bundle-report.ts";
import type { Check } from "../check-context.ts";

const leaf = z.object({
  leaf: z.number().int(),
  rows: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const shape = z.object({ table: z.string(), rows: z.number().int().min(0), sha256: z.string(), leaves: z.array(leaf) });

const keysListed = 20;

/** Every row's content against the bundle: digests are computed in the database; keys travel only from ranges that differ. */
export const rowContent: Check = {
  id: "row-content",
  name: "Row Content",
  category: "content",
  run: async (context) => {
    const tables = digestedTables(
      context.declaration,
      context.declaration.entities
        .map((entity) => context.table(entity.table))
        .concat(context.table(context.declaration.mapping.table)),
    );
    const differences: { table: string; expected: number; actual: number; ranges: number; keys: readonly string[] }[] =
      [];
    let rows = 0;
    let compared = 0;
    for (const table of tables) {
      const raw = await readJson(context.bundle, `row-digests/${fileName(qualifiedName(table))}.json`);
      if (raw === undefined) continue;
      compared++;
      const expected = shape.parse(raw);
      const actual = await context.digests(table);
      rows += actual.rows;
      const leaves = differingLeaves(expected.leaves, actual);
      if (leaves.length === 0) continue;
      const keys = await context.engine.journal.differing(context.tx, table, leaves, keysListed);
      differences.push({
        table: expected.table,
        expected: expected.rows,
        actual: actual.rows,
        ranges: leaves.length,
        keys: keys.map((key) => key.join("/")),
      });
    }
    const all = tables.map((table: Table) => qualifiedName(table));
    if (compared === 0) {
      return {
        outcome: "WARN",
        expected: all,
        actual: null,
        message: "The bundle carries no row digests: content was not compared",
      };
    }
    if (compared < tables.length) {
      return {
        outcome: "FAIL",
        expected: all,
        actual: compared,
        message: `The bundle has row digests for ${compared} of ${tables.length} tables`,
      };
    }
    if (differences.length === 0)
      return { outcome: "PASS", expected: rows, actual: rows, message: `Content of ${rows} rows matches` };
    return {
      outcome: "FAIL",
      expected: "equal content",
      actual: differences,
      message: `Content differs: ${differences.map(describe).join("; ")}`,
    };
  },
};

function differingLeaves(expected: readonly Leaf[], actual: TableDigest): number[] {
  const then = new Map(expected.map((each) => [each.leaf, each.sha256]));
  const now = new Map(actual.leaves.map((each) => [each.leaf, each.sha256]));
  return [...new Set([...then.keys(), ...now.keys()])]
    .filter((number) => then.get(number) !== now.get(number))
    .sort((a, b) => a - b);
}

function describe({
  table,
  expected,
  actual,
  ranges,
  keys,
}: {
  table: string;
  expected: number;
  actual: number;
  ranges: number;
  keys: readonly string[];
}): string {
  const count = expected === actual ? `${actual} rows` : `${expected} rows expected, ${actual} found`;
  const listed = keys.length === 0 ? "" : `, rows ${keys.join(", ")}${keys.length === keysListed ? " and more" : ""}`;
  return `${table} (${count}, ${ranges} key range(s) differ${listed})`;
}
