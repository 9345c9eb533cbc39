import { parse } from "@guanmingchiu/sqlparser-ts";
import type { SqlReading, SqlWrite } from "./sql-write.ts";

type Node = Readonly<Record<string, unknown>>;
interface Name {
  readonly schema: string | null;
  readonly table: string;
}

/** Reads statements of MySQL or SQLite. @throws when the parser does not take them */
export function readWithSqlparser(sql: string, dialect: "mysql" | "sqlite"): SqlReading {
  const writes: SqlWrite[] = [];
  const rowAssignments: { routine: string; column: string }[] = [];
  walk(parse(sql, dialect), (kind, node) => {
    if (kind === "Insert" && node.table !== undefined) writes.push(...inserts(node));
    else if (kind === "Update" && node.table !== undefined) writes.push(...updates(node));
    else if (kind === "Merge") writes.push(...merges(node));
    else if (kind === "SingleAssignment") {
      const variable = path(node.variable);
      if (variable.length === 2 && variable[0] === "new") rowAssignments.push({ routine: "", column: variable[1]! });
    }
  });
  return { writes, rowAssignments, triggers: [], unread: [] };
}

function inserts(node: Node): SqlWrite[] {
  const name = nameOf(path((node.table as Node).TableName ?? node.table));
  const assigned = columnsOf(node.assignments);
  const columns = list(node.columns).map((column) => path(column).at(-1) ?? "");
  const verb = node.replace_into === true || node.or === "Replace" ? "replace" : "insert";
  const found: SqlWrite[] = [];
  if (assigned.length > 0) found.push({ ...name, columns: assigned, verb });
  else if (columns.length > 0) found.push({ ...name, columns, verb });
  else if (node.source !== null && node.source !== undefined) found.push({ ...name, columns: "all", verb });
  const on = node.on as Node | null | undefined;
  const duplicate = columnsOf(on?.DuplicateKeyUpdate);
  if (duplicate.length > 0) found.push({ ...name, columns: duplicate, verb: "upsert" });
  const action = (on?.OnConflict as Node | undefined)?.action as Node | string | undefined;
  if (typeof action === "object")
    found.push({ ...name, columns: columnsOf((action.DoUpdate as Node | undefined)?.assignments), verb: "upsert" });
  return found;
}

/** MySQL updates several tables at once: an unqualified column may be any of theirs. */
function updates(node: Node): SqlWrite[] {
  const { relation, joins } = node.table as { relation: Node; joins?: readonly { relation: Node }[] };
  const tables = [relation, ...list(joins).map((join) => (join as { relation: Node }).relation)].flatMap((each) => {
    const table = each.Table as { name: unknown; alias?: { name: { value: string } } | null } | undefined;
    return table === undefined
      ? []
      : [{ name: nameOf(path(table.name)), alias: table.alias?.name.value.toLowerCase() ?? null }];
  });
  return tables.map(({ name, alias }) => ({
    ...name,
    verb: "update" as const,
    columns: targets(node.assignments).flatMap((target) => {
      const owner = target.at(-2);
      return owner === undefined || owner === alias || owner === name.table ? [target.at(-1)!] : [];
    }),
  }));
}

function merges(node: Node): SqlWrite[] {
  const name = nameOf(path(((node.table as Node | undefined)?.Table as Node | undefined)?.name));
  return list(node.clauses).flatMap((clause): SqlWrite[] => {
    const action = (clause as Node).action as Node;
    const update = action.Update as Node | undefined;
    const insert = action.Insert as Node | undefined;
    if (update !== undefined) return [{ ...name, columns: columnsOf(update.assignments), verb: "merge" }];
    if (insert === undefined) return [];
    const columns = list(insert.columns).map((column) => path(column).at(-1) ?? "");
    return [{ ...name, columns: columns.length === 0 ? "all" : columns, verb: "merge" }];
  });
}

const columnsOf = (assignments: unknown): string[] => targets(assignments).map((target) => target.at(-1)!);

/** What assignments set, each as its path: `["ea", "status"]`. */
function targets(assignments: unknown): string[][] {
  return list(assignments).flatMap((assignment) => {
    const target = (assignment as { target: Node }).target;
    if (target.ColumnName !== undefined) return [path(target.ColumnName)];
    return list(target.Tuple).map((each) => path(each));
  });
}

function nameOf(parts: readonly string[]): Name {
  return { table: parts.at(-1) ?? "", schema: parts.at(-2) ?? null };
}

const path = (name: unknown): string[] =>
  list(name).map((part) => {
    const node = part as { Identifier?: { value: string }; value?: string };
    return (node.Identifier?.value ?? node.value ?? "").toLowerCase();
  });

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function walk(value: unknown, visit: (kind: string, node: Node) => void): void {
  if (Array.isArray(value)) for (const each of value) walk(each, visit);
  else if (value !== null && typeof value === "object")
    for (const [kind, each] of Object.entries(value)) {
      if (each !== null && typeof each === "object" && !Array.isArray(each)) visit(kind, each as Node);
      walk(each, visit);
    }
}
