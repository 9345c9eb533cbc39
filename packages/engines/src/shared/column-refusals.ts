import { qualifiedName, RunbackError, type Table } from "@runback/core";

export function columnHasNulls(table: Table, column: string, rows: number): RunbackError {
  return new RunbackError(
    "COLUMN_HAS_NULLS",
    `${rows} row(s) of ${qualifiedName(table)} have no value in ${column}, so it cannot become NOT NULL.`,
    {
      recovery:
        "The column was left as it was. Run the backfill, resolve what is quarantined, and try again once none is left.",
      exit: 1,
      status: 409,
      details: { table: qualifiedName(table), column, rows },
    },
  );
}

/** @param why what stands in the way, with names and no values */
export function columnNotRedefined(table: Table, column: string, why: string, cause?: unknown): RunbackError {
  return new RunbackError(
    "COLUMN_NOT_REDEFINED",
    `Column ${column} of ${qualifiedName(table)} cannot be changed: ${why}.`,
    {
      recovery:
        "Nothing was changed. Change this column by hand, as your database's manual says, then do this step again: it finds it done.",
      status: 409,
      details: { table: qualifiedName(table), column },
      cause,
    },
  );
}

export function columnOf(table: Table, name: string): Table["columns"][number] {
  const column = table.columns.find((each) => each.name === name);
  if (column) return column;
  throw columnNotRedefined(table, name, "it is not there");
}
