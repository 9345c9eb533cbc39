import type { Phase } from "@runback/core";
import type { TriggerFacts } from "./check-script.ts";
import type { Finding } from "./finding.ts";
import { findNested } from "./javascript/find-nested.ts";
import { findSql } from "./javascript/find-sql.ts";
import { findWrites } from "./javascript/find-writes.ts";
import type { Module, Node } from "./javascript/parse-module.ts";
import type { Project } from "./javascript/project.ts";
import { Resolver } from "./javascript/resolve.ts";
import { type Observed, observe } from "./observe.ts";
import { readScript } from "./read-script.ts";
import { holeName } from "./sql/holes.ts";
import { textOf } from "./sql/read-statement.ts";

/** Findings in one file of TypeScript or JavaScript. */
export function checkCode(project: Project, module: Module, phase: Phase, facts: TriggerFacts): Finding[] {
  const { retired } = project;
  const resolver = new Resolver(project, module);
  const findings: Finding[] = [];
  const add = (node: Node, observed: Observed | null): void => {
    if (observed === null) return;
    const { line, column } = node.loc!.start;
    const statementLine = statementOf(module, node).loc!.start.line;
    const finding = {
      ...observed,
      file: module.path,
      line,
      column: column + 1,
      statementLine,
      cutover: retired.cutover.name,
    };
    if (!findings.some((each) => each.rule === finding.rule && each.line === line && each.column === finding.column))
      findings.push(finding);
  };
  for (const { node, columns, how } of [...findWrites(resolver), ...findNested(resolver)]) {
    const [legacy] = columns.legacy;
    const at =
      [legacy, columns.column[0], columns.unknown[0]].find((each) => each !== undefined && contains(module, each)) ??
      node;
    add(
      at,
      observe(retired, phase, {
        legacy: legacy !== undefined,
        column: columns.column.length > 0,
        unknown: columns.unknown.length > 0,
        how,
      }),
    );
  }
  for (const { node, variants } of findSql(resolver)) {
    for (const variant of variants) {
      const reading = readScript(variant, retired);
      for (const { write, open } of reading.writes) {
        const listed = write.columns === "all" ? [] : write.columns;
        const table = holeName.test(write.table);
        const legacy = write.columns === "all" || listed.some((each) => retired.isLegacy(each));
        const column = write.columns === "all" || listed.some((each) => retired.isColumn(each));
        const unknown = open || table || listed.some((each) => holeName.test(each));
        const how = `${write.verb} in SQL`;
        add(
          legacy && !table ? (locate(module, node, retired.legacy) ?? node) : node,
          observe(retired, phase, { legacy: legacy && !table, column, unknown, how, all: write.columns === "all" }),
        );
      }
      for (const { statement, why } of reading.unread)
        add(node, observe(retired, phase, { unread: why, statement: textOf(statement) }));
      facts.triggers.push(...reading.triggers);
      for (const { routine, column: sets } of reading.rowAssignments) {
        const { line, column } = node.loc!.start;
        const statementLine = statementOf(module, node).loc!.start.line;
        facts.assignments.push({
          routine,
          sets,
          place: { file: module.path, line, column: column + 1, statementLine },
        });
      }
    }
  }
  return findings;
}

/** The statement, member or property list a node is in. */
function statementOf(module: Module, node: Node): Node {
  let at = node;
  for (let up: Node | undefined = node; up !== undefined; up = module.parents.get(up)) {
    at = up;
    if (/Statement$|Declaration$|^ClassMethod$|^ClassProperty$/.test(up.type) && up.type !== "BlockStatement") break;
  }
  return at;
}

const contains = (module: Module, node: Node): boolean => module.parents.has(node) && node.loc != null;

/** Where in a text the retired column is named, as a node with that place. */
function locate(module: Module, node: Node, names: ReadonlySet<string>): Node | null {
  const text = module.text.slice(node.start!, node.end!);
  const after = Math.max(0, text.search(/\bset\b|\(/i));
  const match = new RegExp(`\\b(?:${[...names].join("|")})\\b`, "i").exec(text.slice(after));
  if (match === null) return null;
  const lines = text.slice(0, after + match.index).split("\n");
  const start = node.loc!.start;
  const line = start.line + lines.length - 1;
  const column = lines.length === 1 ? start.column + lines[0]!.length : lines.at(-1)!.length;
  // Only the place differs: the statement is found through the node itself.
  const place = { ...node, loc: { ...node.loc!, start: { ...start, line, column } } } as Node;
  const parent = module.parents.get(node);
  if (parent !== undefined) (module.parents as Map<Node, Node>).set(place, parent);
  return place;
}
