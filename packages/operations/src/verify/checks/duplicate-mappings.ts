import type { Check } from "../check-context.ts";

/** One source id mapped to two rows, or two source ids to one row: both make the next import write to the wrong person. */
export const duplicateMappings: Check = {
  id: "duplicate-mappings",
  name: "Duplicate ID Mappings",
  category: "integrity",
  run: async ({ engine, tx, declaration }) => {
    const { dialect } = engine;
    const { table, entityType, sourceId, targetId } = declaration.mapping;
    const twice = (column: string) =>
      `(SELECT count(*) FROM (SELECT 1 AS one FROM ${dialect.table(table)} GROUP BY ${dialect.id(entityType)}, ${dialect.id(column)} HAVING count(*) > 1) d)`;
    const { rows } = await tx.query<{ sources: string; targets: string }>(
      `SELECT ${dialect.cast(twice(sourceId), "text")} AS sources, ${dialect.cast(twice(targetId), "text")} AS targets`,
    );
    const actual = { sourceIds: Number(rows[0]!.sources), targets: Number(rows[0]!.targets) };
    const expected = { sourceIds: 0, targets: 0 };
    return actual.sourceIds + actual.targets === 0
      ? { outcome: "PASS", expected, actual, message: "No duplicate ID mappings found" }
      : {
          outcome: "FAIL",
          expected,
          actual,
          message: `${actual.sourceIds} source id(s) mapped more than once, ${actual.targets} row(s) mapped by more than one source id`,
        };
  },
};
