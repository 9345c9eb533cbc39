import { bridgeTriggers } from "./bridge-triggers.ts";
import { type ColumnCutover, type Phase, retiredName } from "./column-cutover.ts";
import type { CutoverDialect, CutoverStep } from "./cutover-dialect.ts";

/** What entering a phase changes in the schema, and what takes it back. */
export interface PhaseDdl {
  readonly up: readonly CutoverStep[];
  readonly down: readonly CutoverStep[];
}

const sql = (text: string): CutoverStep => ({ kind: "sql", sql: text });

/**
 * Schema changes of one phase. Phases 2 and 3 have none: rows and flags move there. Entering phase 4 makes the new column
 * NOT NULL and lets the legacy one be NULL, for nothing writes it from then on.
 */
export function phaseDdl(cutover: ColumnCutover, phase: Phase, dialect: CutoverDialect): PhaseDdl {
  const table = dialect.table(cutover.table);
  const { grammar } = dialect;
  const bridge = cutover.dualWrite === "bridge" ? bridgeTriggers(cutover, dialect) : { create: [], drop: [] };
  const index = `idx_${cutover.table.name}_${cutover.column}`;
  const check = `${cutover.table.name}_${cutover.column}_check`;
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
          ),
          sql(grammar.createIndex(dialect, index, table, cutover.column)),
        ],
        down: [
          sql(grammar.dropIndex(dialect, index, table)),
          ...(dropCheck === null ? [] : [sql(dropCheck)]),
          sql(`ALTER TABLE ${table} DROP COLUMN ${dialect.id(cutover.column)}`),
        ],
      };
    }
    case 1:
      return { up: bridge.create.map(sql), down: bridge.drop.map(sql) };
    case 4:
      return {
        up: [
          ...bridge.drop.map(sql),
          grammar.nullable(dialect, table, cutover.column, false),
          grammar.nullable(dialect, table, cutover.legacy, true),
        ],
        // The legacy column stays nullable: rows of phase 4 have no value in it.
        down: [grammar.nullable(dialect, table, cutover.column, true), ...bridge.create.map(sql)],
      };
    case 5:
      return {
        up: [sql(rename(table, cutover.legacy, retiredName(cutover), dialect))],
        down: [sql(rename(table, retiredName(cutover), cutover.legacy, dialect))],
      };
    default:
      return { up: [], down: [] };
  }
}

/** The end of phase 5, after its observation window. Permanent: only a snapshot brings the values back. */
export function dropLegacy(cutover: ColumnCutover, dialect: CutoverDialect): string {
  return `ALTER TABLE ${dialect.table(cutover.table)} DROP COLUMN ${dialect.id(retiredName(cutover))}`;
}

const rename = (table: string, from: string, to: string, { id }: CutoverDialect): string =>
  `ALTER TABLE ${table} RENAME COLUMN ${id(from)} TO ${id(to)}`;
