import type * as t from "@babel/types";
import { Assignments } from "./assignments.ts";
import { Chains, managing } from "./chains.ts";
import type { CodeWrite } from "./code-write.ts";
import { ColumnReader, merged } from "./columns-of.ts";
import { nameOf, stringOf, unwrap } from "./definitions.ts";
import { Entities } from "./entities.ts";
import type { Node } from "./parse-module.ts";
import type { Resolver } from "./resolve.ts";
import { WrittenColumns } from "./written-columns.ts";

const chained = new Set([
  ...[
    "set",
    "values",
    "update",
    "insert",
    "upsert",
    "merge",
    "save",
    "create",
    "preload",
    "select",
    "columns",
    "increment",
    "decrement",
  ],
  ...[
    "onConflictDoUpdate",
    "onDuplicateKeyUpdate",
    "doUpdateSet",
    "thenUpdateSet",
    "thenInsertValues",
    "batchInsert",
    "updateAll",
  ],
  ...["createMany", "createManyAndReturn", "updateMany", "updateManyAndReturn", "nativeUpdate", "nativeInsert"],
]);

/** Writes of query builders and object mappers: every call whose chain names the table and sets columns. */
export function findWrites(resolver: Resolver): CodeWrite[] {
  const finder = new Finder(resolver);
  const found: CodeWrite[] = [];
  for (const node of resolver.module.parents.keys()) {
    if (node.type === "CallExpression" || node.type === "OptionalCallExpression") found.push(...finder.call(node));
    else if (node.type === "AssignmentExpression" || node.type === "UpdateExpression")
      found.push(...finder.assignments.of(node));
  }
  return found;
}

class Finder {
  readonly #resolver: Resolver;
  readonly #chains: Chains;
  readonly #columns: WrittenColumns;
  readonly assignments: Assignments;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
    this.#chains = new Chains(resolver);
    this.#columns = new WrittenColumns(resolver, this.#chains);
    this.assignments = new Assignments(resolver, new Entities(resolver, this.#chains));
  }

  call(call: t.CallExpression | t.OptionalCallExpression): CodeWrite[] {
    const name = nameOf(call.callee);
    if (name === "assign" && call.callee.type === "MemberExpression") return this.assignments.objectAssign(call);
    if (call.callee.type === "Identifier") return this.#helper(call);
    if (name === null || !(chained.has(name) || managing.has(name))) return [];
    const links = this.#chains.links(call);
    const [manager, watched] = this.#chains.about(links, call);
    if (watched === null || watched === "other") return [];
    const columns = this.#columns.of(name, call, manager ? { ...watched, via: "manager" } : watched, links);
    return columns === null ? [] : [{ node: call, columns, how: `${name}()` }];
  }

  /** A function of another file that is given the table and an object: `upsertRow(eventAttendance, { status })`. */
  #helper(call: t.CallExpression | t.OptionalCallExpression): CodeWrite[] {
    if (call.callee.type !== "Identifier") return [];
    const { name } = call.callee;
    if (!/insert|update|upsert|save|write|patch|store|put|replace|persist/i.test(name)) return [];
    if (this.#resolver.binding(call.callee, name)?.kind !== "import") return [];
    const given = call.arguments as Node[];
    const at = given.findIndex((each) => {
      const table = this.#resolver.table(each);
      return (
        table?.ours === true || (stringOf(each) !== null && this.#resolver.project.retired.isTable(stringOf(each)!))
      );
    });
    if (at < 0) return [];
    const table = this.#resolver.table(given[at]);
    const reader = new ColumnReader(this.#resolver, table?.ours === true ? table.definition : null);
    const rest = given.filter(
      (each, index) => index !== at && /ObjectExpression|ArrayExpression/.test(unwrap(each).type),
    );
    return rest.length === 0
      ? []
      : [{ node: call, columns: merged(rest.map((each) => reader.read(each))), how: `${name}()` }];
  }
}
