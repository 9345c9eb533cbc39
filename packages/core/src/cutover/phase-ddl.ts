import type { ShapeEffect } from "../reshape.ts";
import { bridgeTriggers } from "./bridge-triggers.ts";
import { type ColumnCutover, type Phase, retiredName } from "./column-cutover.ts";
import type { CutoverDialect, CutoverStep } from "./cutover-dialect.ts";
import { objectName } from "./object-name.ts";

/** What entering a phase changes in the schema, and what takes it back. */
export interface PhaseDdl {
  readonly up: readonly CutoverStep[];
  readonly down: readonly CutoverStep[];
}

const sql = (text: string, effect?: ShapeEffect): CutoverStep => ({
  kind: "sql",
  sql: text,
  ...(effect === undefined ? {} : { effect }),
});

const following = (text: string): CutoverStep => ({ ...sql(text), follows: true });

/**
 * Schema changes of one phase. Phases 2 and 3 have none: rows and flags move there. Entering phase 4 makes the new column
 * NOT NULL and lets the legacy one be NULL, for nothing writes it from then on.
 */
export function phaseDdl(cutover: ColumnCutover, phase: Phase, dialect: CutoverDialect): PhaseDdl {
  const table = dialect.table(cutover.table);
  const { grammar } = dialect;
  const bridge = cutover.dualWrite === "bridge" ? bridgeTriggers(cutover, dialect) : { create: [], drop: [] };
  const index = objectName(`idx_${cutover.table.name}_${cutover.column}`);
  const check = `${objectName(`${cutover.table.name}_${cutover.column}`)}_check`;
  switch (phase) {
    case 0: {
      const longest = Math.max(...cutover.codes.map(({ code }) => code.length));
      const codes = cutover.codes.map(({ code }) => dialect.literal(code)).join(",");
      const dropCheck = grammar.dropCheck(dialect, table, check);
      return {
        up: [
          sql(
            grammar.addColumn(dialect, table, {
              name: cutover.column,
              type: grammar.codeType(longest),
              check,
              condition: `${dialect.id(cutover.column)} IN (${codes})`,
            }),
            { kind: "column", name: cutover.column, present: true },
          ),
          sql(grammar.createIndex(dialect, index, table, cutover.column), {
            kind: "index",
            name: index,
            present: true,
          }),
        ],
        down: [
          sql(grammar.dropIndex(dialect, index, table), { kind: "index", name: index, present: false }),
          ...(dropCheck === null ? [] : [sql(dropCheck, { kind: "constraint", name: check, present: false })]),
          dropColumn(table, cutover.column, dialect),
        ],
      };
    }
    case 1:
      return { up: bridge.create.map((each) => sql(each)), down: bridge.drop.map((each) => sql(each)) };
    case 4:
      return {
        up: [
          // Until the flags are those of phase 4, writers count on the bridge.
          ...bridge.drop.map(following),
          { kind: "redefine", column: cutover.column, nullable: false },
          { kind: "redefine", column: cutover.legacy, nullable: true },
        ],
        // The legacy column stays nullable: rows of phase 4 have no value in it.
        down: [{ kind: "redefine", column: cutover.column, nullable: true }, ...bridge.create.map(following)],
      };
    case 5:
      return {
        up: [rename(table, cutover.legacy, retiredName(cutover), dialect)],
        down: [rename(table, retiredName(cutover), cutover.legacy, dialect)],
      };
    default:
      return { up: [], down: [] };
  }
}

/** The end of phase 5, after its observation window. Permanent: only a snapshot brings the values back. */
export function dropLegacy(cutover: ColumnCutover, dialect: CutoverDialect): CutoverStep {
  return dropColumn(dialect.table(cutover.table), retiredName(cutover), dialect);
}

const dropColumn = (table: string, column: string, { id }: CutoverDialect): CutoverStep =>
  sql(`ALTER TABLE ${table} DROP COLUMN ${id(column)}`, { kind: "column", name: column, present: false });

const rename = (table: string, from: string, to: string, { id }: CutoverDialect): CutoverStep =>
  sql(`ALTER TABLE ${table} RENAME COLUMN ${id(from)} TO ${id(to)}`, { kind: "renamed", from, to });
