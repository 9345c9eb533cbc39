import { parsePlPgSQLSync, parseSync } from "libpg-query";
import { nothing, type SqlReading, type SqlWrite, together } from "./sql-write.ts";

type Node = Readonly<Record<string, unknown>>;

/** Reads statements with PostgreSQL's own parser, and the bodies of functions with its PL/pgSQL parser. @throws when it cannot */
export function readPostgres(sql: string): SqlReading {
  const tree = parseSync(sql) as Node;
  return readTree(tree, sql);
}

function readTree(tree: unknown, sql: string): SqlReading {
  const writes: SqlWrite[] = [];
  const triggers: { table: string; routine: string }[] = [];
  const inner: SqlReading[] = [];
  walk(tree, (kind, node) => {
    if (kind === "UpdateStmt") writes.push(write(node.relation, targets(node.targetList, node.relation), "update"));
    else if (kind === "InsertStmt") {
      const columns = targets(node.cols);
      if (node.selectStmt !== undefined)
        writes.push(write(node.relation, columns.length === 0 ? "all" : columns, "insert"));
      const conflict = node.onConflictClause as Node | undefined;
      if (conflict?.targetList !== undefined)
        writes.push(write(node.relation, targets(conflict.targetList, node.relation), "upsert"));
    } else if (kind === "MergeStmt") {
      for (const { MergeWhenClause: clause } of list(node.mergeWhenClauses) as { MergeWhenClause: Node }[]) {
        const columns = targets(clause.targetList, node.relation);
        if (clause.commandType === "CMD_UPDATE") writes.push(write(node.relation, columns, "merge"));
        if (clause.commandType === "CMD_INSERT" && (columns.length > 0 || clause.values !== undefined))
          writes.push(write(node.relation, columns.length === 0 ? "all" : columns, "merge"));
      }
    } else if (kind === "CopyStmt" && node.is_from === true && node.relation !== undefined) {
      const columns = list(node.attlist).map((each) => textOf(each));
      writes.push(write(node.relation, columns.length === 0 ? "all" : columns, "copy"));
    } else if (kind === "CreateTrigStmt") {
      const { relname } = node.relation as { relname: string };
      triggers.push({ table: relname.toLowerCase(), routine: textOf(list(node.funcname).at(-1)) });
    } else if (kind === "CreateFunctionStmt") inner.push(readFunction(node, sql));
    else if (kind === "DoStmt") inner.push(readBody("", bodyOf(node.args), sql));
  });
  return together([{ ...nothing, writes, triggers }, ...inner]);
}

function readFunction(node: Node, sql: string): SqlReading {
  const options = list(node.options) as { DefElem: { defname: string; arg?: Node } }[];
  const option = (name: string) => options.find(({ DefElem }) => DefElem.defname === name)?.DefElem.arg;
  const language = textOf(option("language"));
  const body = bodyOf(node.options);
  const name = textOf(list(node.funcname).at(-1));
  if (body === null) return nothing;
  if (language === "sql") return readPostgres(body);
  if (language === "plpgsql") return readBody(name, body, sql);
  return { ...nothing, unread: [`a function in ${language}`] };
}

function bodyOf(elements: unknown): string | null {
  const found = (list(elements) as { DefElem: { defname: string; arg?: Node } }[]).find(
    ({ DefElem }) => DefElem.defname === "as",
  )?.DefElem.arg;
  if (found === undefined) return null;
  const items = "List" in found ? list((found.List as Node).items) : [found];
  return (items[0] as { String?: { sval: string } })?.String?.sval ?? null;
}

/** A PL/pgSQL block: every statement in it, assignments to NEW, and EXECUTE of constant texts. */
function readBody(routine: string, body: string | null, sql: string): SqlReading {
  if (body === null) return nothing;
  const tree = parsePlPgSQLSync(sql) as unknown;
  const readings: SqlReading[] = [];
  walk(tree, (kind, node) => {
    if (kind === "PLpgSQL_stmt_dynexecute") readings.push(readExecuted(queryOf(node.query)));
    else if (kind === "PLpgSQL_stmt_assign") {
      const assigned = /^\s*"?new"?\s*\.\s*("?)(\w+)\1\s*(?::=|=)/i.exec(queryOf(node.expr));
      if (assigned) readings.push({ ...nothing, rowAssignments: [{ routine, column: assigned[2]!.toLowerCase() }] });
    } else if (kind === "PLpgSQL_expr" && node.parseMode === undefined) {
      readings.push(readPostgres(String(node.query)));
    } else if (kind === "PLpgSQL_expr" && node.parseMode === 0) readings.push(readPostgres(String(node.query)));
  });
  return together(readings);
}

const queryOf = (expression: unknown): string =>
  String(((expression as Node | undefined)?.PLpgSQL_expr as Node | undefined)?.query ?? "");

/** The text that EXECUTE runs: a constant, constants joined, or `format` with its holes filled by names. */
function readExecuted(expression: string): SqlReading {
  const tree = parseSync(`SELECT ${expression}`) as Node;
  const target = (
    (tree.stmts as { stmt: { SelectStmt: { targetList: { ResTarget: { val: Node } }[] } } }[])[0]!.stmt.SelectStmt
      .targetList as { ResTarget: { val: Node } }[]
  )[0]!.ResTarget.val;
  const text = constant(target);
  if (text === null) return { ...nothing, unread: [`EXECUTE ${expression}`] };
  try {
    return readPostgres(text);
  } catch {
    return { ...nothing, unread: [`EXECUTE ${expression}`] };
  }
}

function constant(node: Node): string | null {
  const value = node.A_Const as { sval?: { sval?: string } } | undefined;
  if (value?.sval !== undefined) return value.sval.sval ?? "";
  const operation = node.A_Expr as { name: Node[]; lexpr: Node; rexpr: Node } | undefined;
  if (operation !== undefined && textOf(operation.name[0]) === "||") {
    const left = constant(operation.lexpr);
    const right = constant(operation.rexpr);
    return left === null || right === null ? null : left + right;
  }
  const call = node.FuncCall as { funcname: Node[]; args?: Node[] } | undefined;
  if (call === undefined || textOf(call.funcname.at(-1)) !== "format") return null;
  const [template, ...values] = call.args ?? [];
  const text = template === undefined ? null : constant(template);
  if (text === null) return null;
  let next = 0;
  let open = false;
  const filled = text.replace(/%([ILs%])/g, (_, hole: string) => {
    if (hole === "%") return "%";
    const value = values[next] === undefined ? null : constant(values[next]!);
    next++;
    if (hole === "L") return "NULL";
    if (value === null) open = true;
    return value ?? "runback_unknown";
  });
  return open && /runback_unknown/.test(filled) ? null : filled;
}

function write(relation: unknown, columns: readonly string[] | "all", verb: SqlWrite["verb"]): SqlWrite {
  const { relname, schemaname } = relation as { relname: string; schemaname?: string };
  return { table: relname.toLowerCase(), schema: schemaname?.toLowerCase() ?? null, columns, verb };
}

/**
 * Columns that are set. `SET ea.status = …` is a field of a column `ea` to PostgreSQL and a column of the table `ea` to
 * MySQL: where that is what the table is called, it is the column.
 */
function targets(elements: unknown, relation?: unknown): string[] {
  const { relname, schemaname, alias } = (relation ?? {}) as {
    relname?: string;
    schemaname?: string;
    alias?: { aliasname: string };
  };
  const tables = [relname, schemaname, alias?.aliasname].flatMap((each) => each?.toLowerCase() ?? []);
  return (list(elements) as { ResTarget: { name?: string; indirection?: unknown[] } }[]).map(({ ResTarget }) => {
    const name = (ResTarget.name ?? "").toLowerCase();
    const last = textOf(ResTarget.indirection?.at(-1));
    return tables.includes(name) && last !== "" ? last : name;
  });
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const textOf = (node: unknown): string =>
  ((node as { String?: { sval?: string } } | undefined)?.String?.sval ?? "").toLowerCase();

function walk(value: unknown, visit: (kind: string, node: Node) => void): void {
  if (Array.isArray(value)) for (const each of value) walk(each, visit);
  else if (value !== null && typeof value === "object")
    for (const [kind, each] of Object.entries(value)) {
      if (each !== null && typeof each === "object" && !Array.isArray(each)) visit(kind, each as Node);
      walk(each, visit);
    }
}
