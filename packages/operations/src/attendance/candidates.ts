import type { Dialect } from "@runback/core";
import type { AttendanceTables } from "./attendance-tables.ts";
import { wordSql } from "./word-sql.ts";

/** Who a closing makes absent, among the participants of an event. @param alias how the row is called, with its dot */
export function isCandidate(dialect: Dialect, { vocabulary }: AttendanceTables, alias = ""): string {
  const { id, literal } = dialect;
  const { participants: names, words } = vocabulary;
  const attendance = `${alias}${id(names.attendance)}`;
  const unmarked = `${wordSql(dialect, vocabulary, attendance)} IN (${words.unmarked.map(literal).join(", ")})`;
  return [
    words.nullIsUnmarked ? `(${attendance} IS NULL OR ${unmarked})` : unmarked,
    ...(names.registration === null
      ? []
      : [`${alias}${id(names.registration.column)} = ${literal(names.registration.registered)}`]),
    ...(names.checkedInAt === null ? [] : [`${alias}${id(names.checkedInAt)} IS NULL`]),
  ].join(" AND ");
}

/** Who came and is only registered still; nobody where registration is no status of its own. */
export function isToFinalize({ id, literal }: Dialect, { vocabulary }: AttendanceTables, alias = ""): string | null {
  const { participants: names, words } = vocabulary;
  if (names.registration === null) return null;
  return `${alias}${id(names.registration.column)} = ${literal(names.registration.registered)}
    AND ${alias}${id(names.attendance)} IN (${words.seen.map(literal).join(", ")})`;
}
