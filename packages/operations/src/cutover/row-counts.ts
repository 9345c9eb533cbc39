import {
  type ColumnCutover,
  columnQuery,
  countsQuery,
  type Engine,
  findTable,
  kindsQuery,
  qualifiedName,
  RunbackError,
  retiredName,
} from "@runback/core";
import { keyProblem } from "./cutover-table.ts";
import type { Position } from "./positions.ts";

/** What one pass over the table counts. Without the legacy column, from phase 4 on, only what the new one tells. */
export interface RowCounts {
  readonly total: number;
  readonly nullRows: number;
  /** A code that is none. */
  readonly invalid: number;
  readonly unset?: number;
  readonly mismatched?: number;
  readonly quarantined?: number;
  /** Rows without a code, by the code their legacy value has. */
  readonly unsetByCode?: Readonly<Record<string, number>>;
}

/** Different legacy values among ten thousand rows up to which grouping by them is the cheaper way to count. */
const fewKinds = 200;

/**
 * Counts at this moment.
 *
 * @throws `CUTOVER_UNMEASURED` saying why
 */
export async function rowCounts(engine: Engine, cutover: ColumnCutover, position: Position): Promise<RowCounts> {
  const both = position.phase < 4;
  const { dialect } = engine;
  try {
    const { rows } = await engine.transaction(
      async (tx) => {
        if (!both) return await tx.query<Record<string, string | number>>(columnQuery(cutover, dialect));
        const sample = await tx.query<{ kinds: string | number }>(kindsQuery(cutover, dialect));
        const few = Number(sample.rows[0]?.kinds) <= fewKinds;
        return await tx.query<Record<string, string | number>>(countsQuery(cutover, dialect, few));
      },
      { isolation: "snapshot", readOnly: true },
    );
    const count = (name: string) => {
      const value = Number(rows[0]?.[name]);
      // Whatever is no number is no measurement.
      if (!Number.isSafeInteger(value) || rows[0]?.[name] === null) throw new Error(`no count of ${name}`);
      return value;
    };
    const always = { total: count("total_rows"), nullRows: count("null_rows"), invalid: count("invalid") };
    if (!both) return always;
    return {
      ...always,
      unset: count("unset"),
      mismatched: count("mismatched"),
      quarantined: count("quarantined"),
      unsetByCode: Object.fromEntries(cutover.codes.map(({ code }, at) => [code, count(`unset_${at}`)])),
    };
  } catch (error) {
    const missing = await missingParts(
      engine,
      cutover,
      both ? [cutover.legacy, cutover.column] : [cutover.column],
    ).catch(() => "the schema cannot be read either");
    throw new RunbackError(
      "CUTOVER_UNMEASURED",
      `The rows of ${cutover.name} cannot be counted: ${missing ?? whyFailed(error)}.`,
      {
        recovery: "What cannot be measured counts as not well. Put right what is missing, then measure again.",
        exit: 1,
        status: 409,
        cause: error,
      },
    );
  }
}

/** The first thing of a table that is not there, in words; null when all is. */
export async function missingParts(
  engine: Engine,
  { table, key }: Pick<ColumnCutover, "table" | "key">,
  columns: readonly string[],
): Promise<string | null> {
  const name = table.schema === "" ? table.name : `${table.schema}.${table.name}`;
  const found = findTable(await engine.catalog(), name);
  if (found === undefined) return `table ${name} is not there`;
  const missing = [...key, ...columns].filter((column) => !found.columns.some((each) => each.name === column));
  if (missing.length > 0) return `table ${name} has no column ${missing.join(", ")}`;
  return null;
}

/** The first thing that keeps a table from going through a cutover, in words; null when nothing does. */
export async function unfitParts(
  engine: Engine,
  cutover: ColumnCutover,
  columns: readonly string[],
): Promise<string | null> {
  const missing = await missingParts(engine, cutover, columns);
  if (missing !== null) return missing;
  const name = qualifiedName(cutover.table);
  const table = findTable(await engine.catalog(), name)!;
  const key = keyProblem(table, cutover);
  if (key !== null) return `of table ${name}, ${key}`;
  const retired = retiredName(cutover);
  if (!columns.includes(cutover.legacy) || !table.columns.some((each) => each.name === retired)) return null;
  return `table ${name} has a column ${retired}, as phase 5 would call ${cutover.legacy}: give the definition a retiredName`;
}

/** Why something failed, by its code: a driver's message may quote a row. */
export function whyFailed(error: unknown): string {
  if (error instanceof RunbackError) return `${error.code}: ${error.message}`;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" || typeof code === "number" ? `it failed with ${code}` : "it failed";
}
