import type { CheckDeclaration } from "@runback/core";
import type { Check } from "../check-context.ts";

/** Share of rows that have a value; compared unrounded, so 94.96 % shows as 95.0 % and still warns. */
export function coverage(check: CheckDeclaration & { kind: "coverage" }): Check {
  return {
    id: check.id,
    name: check.name,
    category: "tiers",
    run: async ({ engine, tx, declaration }) => {
      const { dialect } = engine;
      const entity = declaration.entities.find((each) => each.name === check.entity)!;
      const { rows } = await tx.query<{ total: string; covered: string }>(
        `SELECT ${dialect.cast("count(*)", "text")} AS total, ${dialect.cast(`count(${dialect.id(check.column)})`, "text")} AS covered FROM ${dialect.table(entity.table)}`,
      );
      const total = Number(rows[0]!.total);
      const covered = Number(rows[0]!.covered);
      const expected = `at least ${check.threshold * 100}%`;
      if (total === 0)
        return { outcome: "WARN", expected, actual: null, message: `${check.name}: there are no ${entity.name}` };
      const percent = ((covered / total) * 100).toFixed(1);
      const actual = covered / total;
      return actual >= check.threshold
        ? {
            outcome: "PASS",
            expected,
            actual,
            message: `${check.name.replace("Coverage", "coverage")}: ${percent}% (${covered}/${total})`,
          }
        : {
            outcome: "WARN",
            expected,
            actual,
            message: `Low ${check.noun} coverage: ${percent}% - ${total - covered} ${entity.name} without ${check.noun}`,
          };
    },
  };
}
