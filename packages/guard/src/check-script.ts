import type { Phase } from "@runback/core";
import type { Finding } from "./finding.ts";
import { type Observed, observe } from "./observe.ts";
import { readScript } from "./read-script.ts";
import type { RetiredColumn } from "./retired-column.ts";
import { nameOf, type Token } from "./sql/lex.ts";
import { textOf } from "./sql/read-statement.ts";
import type { SqlWrite } from "./sql/sql-write.ts";

type Place = Pick<Finding, "file" | "line" | "column" | "statementLine">;

/** What trigger functions assign, and which tables call them: the two are often in different files. */
export interface TriggerFacts {
  readonly assignments: { readonly routine: string; readonly sets: string; readonly place: Place }[];
  readonly triggers: { readonly table: string; readonly routine: string }[];
}

/** Findings in one `.sql` file. */
export function checkScript(
  path: string,
  sql: string,
  retired: RetiredColumn,
  phase: Phase,
  facts: TriggerFacts,
): Finding[] {
  const reading = readScript(sql, retired);
  const findings: Finding[] = [];
  const place = (statement: readonly Token[], at: number): Place => {
    const before = sql.slice(0, at).split("\n");
    return {
      file: path,
      line: before.length,
      column: before.at(-1)!.length + 1,
      statementLine: sql.slice(0, statement[0]!.start).split("\n").length,
    };
  };
  const add = (statement: readonly Token[], at: number, observed: Observed | null): void => {
    if (observed !== null) findings.push({ ...observed, ...place(statement, at), cutover: retired.cutover.name });
  };
  for (const { write, statement } of reading.writes) {
    const listed = write.columns === "all" ? [] : write.columns;
    const all = write.columns === "all";
    const legacy = all || listed.some((each) => retired.isLegacy(each));
    const column = all || listed.some((each) => retired.isColumn(each));
    add(
      statement,
      (legacy ? legacyAt(statement, retired, write.verb) : null) ?? statement[0]!.start,
      observe(retired, phase, { legacy, column, unknown: false, how: write.verb.toUpperCase(), all }),
    );
  }
  for (const { statement, why } of reading.unread)
    add(statement, statement[0]!.start, observe(retired, phase, { unread: why, statement: textOf(statement) }));
  facts.triggers.push(...reading.triggers);
  for (const { routine, column, statement } of reading.rowAssignments)
    facts.assignments.push({ routine, sets: column, place: place(statement, statement[0]!.start) });
  return unique(findings);
}

/** Assignments to `NEW.<legacy>` in trigger functions of the watched table, or of a table that was not seen. */
export function triggerFindings(facts: TriggerFacts, retired: RetiredColumn, phase: Phase): Finding[] {
  const functions = Map.groupBy(facts.assignments, ({ routine }) => routine);
  return [...functions].flatMap(([routine, assignments]) => {
    const tables = facts.triggers.filter((each) => each.routine === routine).map(({ table }) => table);
    if (tables.length > 0 && !tables.some((table) => retired.isTable(table))) return [];
    const legacy = assignments.find(({ sets }) => retired.isLegacy(sets));
    const column = assignments.some(({ sets }) => retired.isColumn(sets));
    if (legacy === undefined) return [];
    const observed =
      tables.length === 0
        ? observe(retired, phase, {
            legacy: false,
            column,
            unknown: true,
            how: `NEW.${legacy.sets} in trigger function ${routine}, whose table is not in these files`,
          })
        : observe(retired, phase, {
            legacy: true,
            column,
            unknown: false,
            how: `NEW.${legacy.sets} in trigger function ${routine}`,
          });
    return observed === null ? [] : [{ ...observed, ...legacy.place, cutover: retired.cutover.name }];
  });
}

/** Where a statement names the retired column: behind the table, after SET or in the list of columns. */
function legacyAt(statement: readonly Token[], retired: RetiredColumn, verb: SqlWrite["verb"]): number | null {
  const isLegacy = (token: Token) => retired.isLegacy(nameOf(token) ?? "");
  const table = statement.findIndex((token) => retired.isTable(nameOf(token) ?? ""));
  const opens = verb === "insert" || verb === "replace" || verb === "copy" ? /^(?:\(|set)$/i : /^(?:set|update)$/i;
  const list = statement.findIndex((token, at) => at > table && opens.test(token.text));
  const found = list < 0 ? undefined : statement.find((token, at) => at > list && isLegacy(token));
  if (found !== undefined) return found.start;
  // In the body of a function, which is one token.
  const names = [...retired.legacy].join("|");
  for (const { kind, text, start } of statement) {
    if (kind !== "dollar" && kind !== "string") continue;
    const set = text.search(new RegExp(`\\b(?:set|into)\\b[^;]*\\b(?:${names})\\b`, "i"));
    if (set >= 0) return start + set;
  }
  return null;
}

const unique = (findings: readonly Finding[]): Finding[] =>
  findings.filter(
    (each, at) =>
      findings.findIndex(
        ({ rule, line, column }) => rule === each.rule && line === each.line && column === each.column,
      ) === at,
  );
