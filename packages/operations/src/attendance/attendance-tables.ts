import type { AttendanceVocabulary } from "@runback/attendance";
import { type Catalog, type Column, type Engine, findTable, RunbackError, type Table, type Value } from "@runback/core";

/** The tables of a vocabulary as they are on a target, and how their values are spelled there. */
export interface AttendanceTables {
  readonly vocabulary: AttendanceVocabulary;
  readonly events: Table;
  readonly participants: Table;
  readonly audit: Table;
}

const seen = new WeakMap<Engine, Map<string, AttendanceTables>>();

/**
 * Reads the catalog once a process: types of keys and times do not change under a check-in.
 *
 * @param again whether to read it again: who looks once a minute is to see what became of the tables
 * @throws `ATTENDANCE_TABLES_MISSING`, naming every table and column that is not there
 */
export async function attendanceTables(
  engine: Engine,
  vocabulary: AttendanceVocabulary,
  again = false,
): Promise<AttendanceTables> {
  const name = JSON.stringify(vocabulary);
  const known = again ? undefined : seen.get(engine)?.get(name);
  if (known) return known;
  const found = tablesIn(await engine.catalog(), vocabulary);
  seen.set(engine, new Map([...(seen.get(engine) ?? []), [name, found]]));
  return found;
}

export function tablesIn(catalog: Catalog, vocabulary: AttendanceVocabulary): AttendanceTables {
  const missing: string[] = [];
  const resolve = (part: "events" | "participants" | "audit"): Table => {
    const { table: ref } = vocabulary[part];
    const table = findTable(catalog, ref.schema === "" ? ref.name : `${ref.schema}.${ref.name}`);
    if (table === undefined) missing.push(ref.name);
    else {
      for (const column of columnsOf(vocabulary, part))
        if (!table.columns.some((each) => each.name === column)) missing.push(`${ref.name}.${column}`);
    }
    return table as Table;
  };
  const tables = {
    vocabulary,
    events: resolve("events"),
    participants: resolve("participants"),
    audit: resolve("audit"),
  };
  if (missing.length === 0) return tables;
  throw tablesMissing(missing);
}

/** @param missing tables and columns, `table` or `table.column` */
export function tablesMissing(missing: readonly string[]): RunbackError {
  return new RunbackError(
    "ATTENDANCE_TABLES_MISSING",
    `Attendance needs what is not on this target: ${missing.join(", ")}.`,
    {
      recovery:
        "Nothing was changed. Run `runback attendance migrate`, and check --target and `attendance` in runback.config.ts.",
      status: 409,
      details: { missing },
    },
  );
}

function columnsOf(vocabulary: AttendanceVocabulary, part: "events" | "participants" | "audit"): string[] {
  const notColumns = new Set(["table", "held", "completes", "registration", "mirrors"]);
  const named = Object.entries(vocabulary[part]).flatMap(([role, column]) =>
    notColumns.has(role) || typeof column !== "string" ? [] : [column],
  );
  if (part !== "participants") return named;
  const { registration, mirrors } = vocabulary.participants;
  return [...named, ...mirrors, ...(registration === null ? [] : [registration.column])];
}

export function columnOf(table: Table, name: string): Column {
  return table.columns.find((column) => column.name === name)!;
}

const wholeNumbers = /^(tiny|small|medium|big)?int|^integer$/;

export function isWholeNumber({ baseType }: Column): boolean {
  return wholeNumbers.test(baseType);
}

/**
 * A key as it came from outside, as a value that can only match itself: to some databases 'abc' is the number 0.
 *
 * @returns undefined when no key of this column can look so
 */
export function keyValue(column: Column, text: string): Value | undefined {
  if (isWholeNumber(column)) return /^\d{1,18}$/.test(text) ? text : undefined;
  if (column.baseType === "uuid") return /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i.test(text) ? text : undefined;
  return text.length > 0 && text.length <= 200 ? text : undefined;
}

/** The placeholder of a key's value. */
export function keyParam({ dialect }: Pick<Engine, "dialect">, column: Column, n: number): string {
  if (isWholeNumber(column)) return dialect.cast(dialect.param(n), "bigint");
  return column.baseType === "uuid" ? dialect.cast(dialect.param(n), "uuid") : dialect.param(n);
}

/** The placeholder of a text from `utcText` that is stored in, or compared with, a column. */
export function timeParam({ dialect }: Pick<Engine, "dialect">, column: Column, n: number): string {
  return dialect.utcValue(dialect.param(n), column.type);
}
