import type { Check } from "../check-context.ts";

/** The bundle belongs to this target: its run wrote mappings here, or it is on record and had nothing to create. */
export const runIdMatch: Check = {
  id: "run-id-match",
  name: "Run ID Match",
  category: "integrity",
  run: async ({ engine, tx, declaration, report }) => {
    const { dialect } = engine;
    const { table, runId } = declaration.mapping;
    const { rows } = await tx.query<{ run: string }>(
      `SELECT DISTINCT ${dialect.id(runId)} AS run FROM ${dialect.table(table)}`,
    );
    const actual = rows.map((row) => row.run).sort();
    const expected = report.runId;
    if (actual.includes(expected))
      return { outcome: "PASS", expected, actual: expected, message: `Run ID matches: ${expected}` };
    const known = await engine.store.run(tx, expected);
    const created = Object.values(report.entities).reduce((sum, entity) => sum + entity.created, 0);
    if (known?.state === "completed" && created === 0) {
      return {
        outcome: "PASS",
        expected,
        actual: expected,
        message: `Run ID matches: ${expected} (on record; it created nothing)`,
      };
    }
    return {
      outcome: "WARN",
      expected,
      actual: actual.slice(-5),
      message: `Run ID ${expected} is not among the mappings' runs - verify that this is the right bundle`,
    };
  },
};
