import type * as t from "@babel/types";
import { type Definition, nameOf, unwrap } from "./definitions.ts";
import type { Node } from "./parse-module.ts";
import type { Resolver, TableReference } from "./resolve.ts";
import { keyOf } from "./scope.ts";

/** How a chain came to be about the table. */
type Via = "builder" | "name" | "repository" | "manager" | "prisma";

export interface Watched {
  readonly via: Via;
  readonly definition: Pick<Definition, "columns"> | null;
}

/** `other`: a table, and not the watched one. */
export type Found = Watched | "other" | null;

export interface Link {
  readonly name: string;
  /** Absent for a property that is not called. */
  readonly call: t.CallExpression | t.OptionalCallExpression | null;
}

const naming = new Set([
  "update",
  "insert",
  "insertInto",
  "updateTable",
  "replaceInto",
  "mergeInto",
  "into",
  "table",
  "from",
  "batchInsert",
  "delete",
  "deleteFrom",
]);
/** Calls of an entity manager, whose first argument is the entity. */
export const managing = new Set([
  "update",
  "insert",
  "save",
  "upsert",
  "create",
  "merge",
  "preload",
  "assign",
  "increment",
  "decrement",
  "nativeUpdate",
  "nativeInsert",
  "persist",
]);

/** Which table a chain of calls is about, through variables, callbacks, and repositories that are only known by their type. */
export class Chains {
  readonly #resolver: Resolver;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  /** Which table a chain is about: the nearest link before the call that names one. @returns whether the call itself names it */
  about(links: readonly Link[], call: Node): [boolean, Found] {
    const last = links.at(-1)!;
    const own = this.named(last);
    if (own !== null && managing.has(last.name)) return [true, own];
    if (own !== null) return [false, own];
    for (const link of links.slice(0, -1).reverse()) {
      const found = this.named(link) ?? this.#opens(link);
      if (found === null) continue;
      // `.update(EventAttendance).set(…)`: the entity opens a builder, and this call sets its columns.
      return [false, found !== "other" && found.via === "manager" ? { ...found, via: "builder" } : found];
    }
    // `knex.insert({ … }).into("event_attendance")`
    for (let at: Node = call; ; ) {
      const member: Node | undefined = this.#resolver.module.parents.get(at);
      const next: Node | undefined = member && this.#resolver.module.parents.get(member);
      if (!/MemberExpression$/.test(member?.type ?? "") || !/CallExpression$/.test(next?.type ?? "")) break;
      const outer = next as t.CallExpression;
      if (outer.callee !== member) break;
      const name = nameOf(outer.callee);
      if (name === "into" || name === "table" || name === "from") {
        const found = this.named({ name, call: outer });
        if (found !== null) return [false, found];
      }
      at = outer;
    }
    return [false, null];
  }

  /** A builder that was opened for something that is not known to be the table is about something else. */
  #opens({ name, call }: Link): Found {
    if (!/^(?:update|insert|updateTable|insertInto|replaceInto|mergeInto)$/.test(name)) return null;
    const first = call?.arguments[0];
    return first !== undefined && /^(?:Identifier|MemberExpression)$/.test(unwrap(first).type) ? "other" : null;
  }

  /** The table that one link names. */
  named(link: Link): Found {
    const { name, call } = link;
    const { project } = this.#resolver;
    const typed = this.#repositories.get(link);
    if (typed !== undefined) return typed;
    if (call === null) {
      const model = project.models.find((each) => lower(each.name) === name);
      if (model !== undefined) return { via: "prisma", definition: model };
      return project.models.length === 0 && name !== "" && project.retired.isModel(name)
        ? { via: "prisma", definition: null }
        : null;
    }
    const [first] = call.arguments;
    if (first === undefined) return null;
    if (name === "getRepository" || name === "getCustomRepository" || name === "getEntityManager")
      return watched(this.#resolver.table(first), "repository");
    const table = naming.has(name) || managing.has(name) ? this.#resolver.table(first) : null;
    if (table !== null) {
      const entity = table.ours && (table.definition?.entity ?? false);
      return watched(table, entity && managing.has(name) ? "manager" : "builder");
    }
    if (
      !(naming.has(name) || name === "" || /^(?:knex|db|trx|tx|queryBuilder|qb|withTable|getRepository)$/i.test(name))
    )
      return null;
    const texts = this.#tableTexts(first);
    if (texts.length === 0) return null;
    // `.update("status", …)` and `.from("x")` name a column or another table.
    const ours = texts.some((each) => project.retired.isTable(each));
    if (ours) return { via: "name", definition: null };
    return name === "update" || name === "insert" || name === "delete" ? null : "other";
  }

  /** `"t"`, `"t as a"`, `["a", "b"]`, `{ alias: "t" }`. */
  #tableTexts(node: Node): string[] {
    const value = unwrap(node);
    if (value.type === "ArrayExpression") return value.elements.flatMap((each) => (each ? this.#tableTexts(each) : []));
    if (value.type === "ObjectExpression")
      return value.properties.flatMap((each) => (each.type === "ObjectProperty" ? this.#tableTexts(each.value) : []));
    const texts = this.#resolver.texts(value, () => ["\u0000"]);
    return texts.filter((each) => !each.includes("\u0000"));
  }

  /** A chain from its root to the call, through variables that hold its beginning and callbacks that continue it. */
  links(node: Node, depth = 0): Link[] {
    const at = unwrap(node);
    if (depth > 12) return [];
    if (at.type === "CallExpression" || at.type === "OptionalCallExpression") {
      if (/MemberExpression$/.test(at.callee.type)) {
        const callee = at.callee as t.MemberExpression;
        return [...this.links(callee.object, depth + 1), { name: nameOf(callee) ?? "?", call: at }];
      }
      return [...this.links(at.callee, depth + 1), { name: "", call: at }];
    }
    if (at.type === "MemberExpression" || at.type === "OptionalMemberExpression") {
      const typed = this.#memberRepository(at);
      return [...this.links(at.object, depth + 1), ...typed, { name: nameOf(at) ?? "", call: null }];
    }
    if (at.type !== "Identifier") return [];
    const binding = this.#resolver.binding(at, at.name);
    if (binding === null) return [];
    const repository = this.#repositoryType(binding.annotation);
    if (repository !== null) return [repository];
    if (binding.kind === "variable" && binding.init !== null) {
      const begun = this.links(binding.init, depth + 1);
      return [...begun, ...binding.path.map((name) => ({ name, call: null }))];
    }
    if (binding.kind !== "parameter") return [];
    const call = this.#resolver.module.parents.get(binding.owner!);
    return call?.type === "CallExpression" && call.arguments.includes(binding.owner as t.Expression)
      ? this.links(call, depth + 1)
      : [];
  }

  readonly #repositories = new WeakMap<Link, Found>();

  #repositoryType(annotation: Node | null): Link | null {
    const entity = this.#resolver.entityType(annotation, /Repository$/);
    if (entity === null) return null;
    return this.#synthetic(watched(entity, "repository"));
  }

  /** A link that stands for a type: `this.attendance` of type `Repository<EventAttendance>`. */
  #synthetic(found: Found): Link {
    const link: Link = { name: "\u0000type", call: null };
    this.#repositories.set(link, found);
    return link;
  }

  #memberRepository(node: t.MemberExpression | t.OptionalMemberExpression): Link[] {
    if (node.object.type !== "ThisExpression") return [];
    const name = nameOf(node) ?? (node.property.type === "PrivateName" ? node.property.id.name : null);
    for (let at: Node | undefined = node; at !== undefined; at = this.#resolver.module.parents.get(at)) {
      if (at.type !== "ClassBody") continue;
      for (const member of at.body) {
        if (member.type === "ClassMethod" && member.kind === "constructor")
          for (const parameter of member.params) {
            if (parameter.type !== "TSParameterProperty") continue;
            const target =
              parameter.parameter.type === "AssignmentPattern" ? parameter.parameter.left : parameter.parameter;
            if (target.type !== "Identifier" || target.name !== name) continue;
            const link = this.#repositoryType(target.typeAnnotation ?? null);
            return link === null ? [] : [link];
          }
        if ((member.type === "ClassProperty" || member.type === "ClassPrivateProperty") && keyOf(member) === name) {
          const link = this.#repositoryType((member.typeAnnotation as Node | null | undefined) ?? null);
          if (link !== null) return [link];
          if (member.value) return this.links(member.value, 6);
        }
      }
      // `this.repository = dataSource.getRepository(EventAttendance)`
      const assigned = this.#resolver
        .memberAssignments()
        .find(({ left }) => (left as t.MemberExpression).object.type === "ThisExpression" && nameOf(left) === name);
      return assigned === undefined ? [] : this.links(assigned.right, 6);
    }
    return [];
  }
}

const watched = (table: TableReference | null, via: Via): Found =>
  table === null ? null : table.ours ? { via, definition: table.definition } : "other";

const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
