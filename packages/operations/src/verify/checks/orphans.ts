import type { CheckDeclaration } from "@runback/core";
import type { Check } from "../check-context.ts";

/** Rows whose references lead nowhere: a foreign key was dropped, disabled or never there. */
export function orphans(check: CheckDeclaration & { kind: "orphans" }): Check {
  return {
    id: check.id,
    name: check.name,
    category: "integrity",
    run: async ({ engine, tx, declaration }) => {
      const { dialect } = engine;
      const entity = declaration.entities.find((each) => each.name === check.entity)!;
      const parents = entity.references.map((reference, at) => {
        const parent = declaration.entities.find((each) => each.name === reference.entity)!;
        return {
          alias: `p${at}`,
          join: `LEFT JOIN ${dialect.table(parent.table)} p${at} ON p${at}.${dialect.id(parent.id)} = t.${dialect.id(reference.column)}`,
          missing: `p${at}.${dialect.id(parent.id)} IS NULL`,
        };
      });
      const { rows } = await tx.query<{ rows: string }>(
        `SELECT ${dialect.cast("count(*)", "text")} AS rows FROM ${dialect.table(entity.table)} t ${parents.map((parent) => parent.join).join(" ")}
         WHERE ${parents.map((parent) => parent.missing).join(" OR ")}`,
      );
      const actual = Number(rows[0]!.rows);
      return actual === 0
        ? { outcome: "PASS", expected: 0, actual, message: `No orphaned ${entity.name} found` }
        : { outcome: "FAIL", expected: 0, actual, message: `${actual} orphaned ${entity.name} found` };
    },
  };
}
