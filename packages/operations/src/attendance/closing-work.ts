import type { Connection, Engine } from "@runback/core";
import { type AttendanceTables, columnOf, keyParam, keyValue } from "./attendance-tables.ts";
import { isCandidate, isToFinalize } from "./candidates.ts";
import { wordSql } from "./word-sql.ts";

/** What an event's participants need at this moment, counted. */
export interface ClosingWork {
  /** Whom closing looks at: registered people, or all where that is no status of its own. */
  readonly scanned: number;
  readonly candidates: number;
  readonly absent: number;
  readonly toFinalize: number;
}

export async function closingWork(
  engine: Pick<Engine, "dialect">,
  connection: Connection,
  tables: AttendanceTables,
  event: string,
): Promise<ClosingWork> {
  const { dialect } = engine;
  const { id, literal, table } = dialect;
  const { participants: names, words } = tables.vocabulary;
  const expected =
    names.registration === null
      ? "1 = 1"
      : `${id(names.registration.column)} = ${literal(names.registration.registered)}`;
  const column = columnOf(tables.participants, names.event);
  const count = (condition: string) => `count(CASE WHEN ${condition} THEN 1 END)`;
  const { rows } = await connection.query<Record<"scanned" | "candidates" | "absent" | "to_finalize", string | number>>(
    `SELECT ${count(expected)} AS scanned, ${count(isCandidate(dialect, tables))} AS candidates,
       ${count(`${expected} AND ${wordSql(dialect, tables.vocabulary, id(names.attendance))} = ${literal(words.absent)}`)} AS absent,
       ${count(isToFinalize(dialect, tables) ?? "1 = 0")} AS to_finalize
     FROM ${table(tables.participants)} WHERE ${id(names.event)} = ${keyParam(engine, column, 1)}`,
    [keyValue(column, event)!],
  );
  const row = rows[0]!;
  return {
    scanned: Number(row.scanned),
    candidates: Number(row.candidates),
    absent: Number(row.absent),
    toFinalize: Number(row.to_finalize),
  };
}
