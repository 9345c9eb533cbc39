import type * as t from "@babel/types";
import type { Watched } from "./chains.ts";
import type { CodeWrite } from "./code-write.ts";
import { ColumnReader, columnNamed, merged } from "./columns-of.ts";
import { nameOf } from "./definitions.ts";
import type { Entities } from "./entities.ts";
import type { Node } from "./parse-module.ts";
import type { Resolver } from "./resolve.ts";
import { isFunction } from "./scope.ts";

/** Writes to properties of entities. */
export class Assignments {
  readonly #resolver: Resolver;
  readonly #entities: Entities;

  constructor(resolver: Resolver, entities: Entities) {
    this.#resolver = resolver;
    this.#entities = entities;
  }

  /** `row.status = …` on an entity of the table. */
  of(node: t.AssignmentExpression | t.UpdateExpression): CodeWrite[] {
    const target = node.type === "UpdateExpression" ? node.argument : node.left;
    if (!/MemberExpression$/.test(target.type)) return [];
    const member = target as t.MemberExpression;
    const name = this.#resolver.keyName({ key: member.property, computed: member.computed } as never);
    if (name === null) return [];
    const entity = this.#entities.of(member.object);
    if (entity === null) return [];
    const { retired } = this.#resolver.project;
    const column = columnNamed(name, entity.definition?.columns ?? null);
    if (!retired.isLegacy(column) && !retired.isColumn(column)) return [];
    const columns = retired.isLegacy(column)
      ? { legacy: [node], column: this.#twins(node, member, entity, "column"), unknown: [] }
      : { legacy: this.#twins(node, member, entity, "legacy"), column: [node], unknown: [] };
    // The pair is reported once, at the legacy column.
    if (!retired.isLegacy(column) && columns.legacy.length > 0) return [];
    return [{ node, columns, how: `assignment to ${name}` }];
  }

  /** Where the same function sets the other column on the same object. */
  #twins(node: Node, member: t.MemberExpression, entity: Watched, which: "legacy" | "column"): Node[] {
    const { retired } = this.#resolver.project;
    const functionOf = (at: Node): Node | undefined => {
      let up: Node | undefined = at;
      while (up !== undefined && !isFunction(up)) up = this.#resolver.module.parents.get(up);
      return up;
    };
    return this.#resolver.memberAssignments().filter((each) => {
      const left = each.left as t.MemberExpression;
      const name = nameOf(left);
      if (each === node || name === null || functionOf(each) !== functionOf(node)) return false;
      if (nameOf(left.object) !== nameOf(member.object)) return false;
      const column = columnNamed(name, entity.definition?.columns ?? null);
      return which === "legacy" ? retired.isLegacy(column) : retired.isColumn(column);
    });
  }

  /** `Object.assign(row, { … })`. */
  objectAssign(call: t.CallExpression | t.OptionalCallExpression): CodeWrite[] {
    const [target, ...sources] = call.arguments as Node[];
    if (target === undefined || nameOf((call.callee as t.MemberExpression).object) !== "Object") return [];
    const entity = this.#entities.of(target);
    if (entity === null) return [];
    const reader = new ColumnReader(this.#resolver, entity.definition);
    return [{ node: call, columns: merged(sources.map((each) => reader.read(each))), how: "Object.assign()" }];
  }
}
