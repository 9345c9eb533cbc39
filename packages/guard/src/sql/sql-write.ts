/** One write that a statement does. Names are folded to lower case: the guard compares so. */
export interface SqlWrite {
  readonly table: string;
  readonly schema: string | null;
  /** Columns that are set, in order; `all` for an INSERT without a column list. */
  readonly columns: readonly string[] | "all";
  readonly verb: "insert" | "update" | "upsert" | "replace" | "merge" | "copy";
}

/** What a statement does to tables, as far as the guard cares. */
export interface SqlReading {
  readonly writes: readonly SqlWrite[];
  /** `NEW.column` that a trigger function sets, by the function's name. */
  readonly rowAssignments: readonly { readonly routine: string; readonly column: string }[];
  /** Trigger functions by the table whose triggers call them. */
  readonly triggers: readonly { readonly table: string; readonly routine: string }[];
  /** Parts that could not be read, such as SQL that a function puts together. */
  readonly unread: readonly string[];
}

export const nothing: SqlReading = { writes: [], rowAssignments: [], triggers: [], unread: [] };

export function together(readings: readonly SqlReading[]): SqlReading {
  return {
    writes: readings.flatMap(({ writes }) => writes),
    rowAssignments: readings.flatMap(({ rowAssignments }) => rowAssignments),
    triggers: readings.flatMap(({ triggers }) => triggers),
    unread: readings.flatMap(({ unread }) => unread),
  };
}
