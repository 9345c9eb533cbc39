import type { EntityDeclaration } from "@runback/core";
import type { EntityReport } from "../bundle-report.ts";
import type { Check } from "../check-context.ts";

/** Rows now are rows before the run plus those it created: not one more, not one less. */
export function entityCount(entity: EntityDeclaration): Check {
  const label = entity.label;
  return {
    id: `${label.toLowerCase()}-count`,
    name: `${label} Count`,
    category: "counts",
    run: async ({ engine, tx, report }) => {
      const expected = expectedRows(report.entities[entity.name]!);
      const { rows } = await tx.query<{ rows: string }>(
        `SELECT ${engine.dialect.cast("count(*)", "text")} AS rows FROM ${engine.dialect.table(entity.table)}`,
      );
      const actual = Number(rows[0]!.rows);
      return actual === expected
        ? { outcome: "PASS", expected, actual, message: `${label} count matches: ${actual}` }
        : {
            outcome: "FAIL",
            expected,
            actual,
            message: `${label} count mismatch: expected ${expected}, got ${actual} (diff: ${Math.abs(expected - actual)})`,
          };
    },
  };
}

/** A bundle of another tool does not say how many rows there were: then all of them came from its run. */
export function expectedRows(report: EntityReport): number {
  return report.before === undefined ? report.created + report.updated : report.before + report.created;
}
