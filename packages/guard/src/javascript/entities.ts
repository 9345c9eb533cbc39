import type * as t from "@babel/types";
import type { Chains, Found, Link, Watched } from "./chains.ts";
import { nameOf, unwrap } from "./definitions.ts";
import type { Node } from "./parse-module.ts";
import type { Resolver } from "./resolve.ts";

/** Which values are rows of the table, as an object mapper hands them out. */
export class Entities {
  readonly #resolver: Resolver;
  readonly #chains: Chains;

  constructor(resolver: Resolver, chains: Chains) {
    this.#resolver = resolver;
    this.#chains = chains;
  }

  /** Is this value a row of the table, as an object mapper hands it out? */
  of(node: Node, depth = 0): Watched | null {
    const at = unwrap(node);
    if (depth > 8) return null;
    if (at.type === "ThisExpression") return this.#ofThis(at);
    if (at.type === "NewExpression") {
      const table = this.#resolver.table(at.callee);
      // A class whose definition is not among the files, and is called like the table, is its entity.
      return table?.ours === true && table.definition?.entity !== false
        ? { via: "manager", definition: table.definition }
        : null;
    }
    if (/MemberExpression$/.test(at.type))
      return this.of((at as t.MemberExpression).object, depth + 1) === null ? null : this.#element(at, depth);
    if (at.type === "CallExpression") {
      const links = this.#chains.links(at);
      const [manager, found] = this.#rows(links);
      return found === null ||
        found === "other" ||
        found.via === "prisma" ||
        found.via === "name" ||
        (!manager && found.via === "builder")
        ? null
        : found;
    }
    if (at.type !== "Identifier") return null;
    const binding = this.#resolver.binding(at, at.name);
    if (binding === null) return null;
    const typed =
      this.#resolver.entityType(binding.annotation, null) ??
      this.#resolver.entityType(binding.annotation, /^(?:Array|ReadonlyArray|Promise|Loaded)$/);
    if (typed !== null) return typed.ours ? { via: "manager", definition: typed.definition } : null;
    if (binding.kind === "parameter") {
      const call = this.#resolver.module.parents.get(binding.owner!);
      if (
        call?.type === "CallExpression" &&
        call.callee.type === "MemberExpression" &&
        /^(?:forEach|map|filter|find|some|every|flatMap)$/.test(nameOf(call.callee) ?? "")
      )
        return this.of(call.callee.object, depth + 1);
      return (
        this.#resolver
          .argumentsFor(binding)
          .nodes.map((each) => this.of(each, depth + 1))
          .find((each) => each !== null) ?? null
      );
    }
    const source = binding.init ?? binding.assigned.at(-1)?.value ?? null;
    if (source === null || binding.path.some((step) => !/^(?:\[\]|\d+)$/.test(step))) return null;
    return this.of(source, depth + 1);
  }

  #element(node: Node, depth: number): Watched | null {
    const member = node as t.MemberExpression;
    return member.computed && member.property.type === "NumericLiteral" ? this.of(member.object, depth + 1) : null;
  }

  /** Rows of `repository.findOneBy(…)`, `manager.find(EventAttendance, …)`, `repository.create(…)`. */
  #rows(links: readonly Link[]): [boolean, Found] {
    const last = links.at(-1);
    if (last === undefined || !/^(?:find|create|preload|getOne|getMany|save|merge)/.test(last.name))
      return [false, null];
    const first = last.call?.arguments[0];
    const table = first === undefined ? null : this.#resolver.table(first);
    if (table?.ours === true && (table.definition?.entity ?? true))
      return [true, { via: "manager", definition: table.definition }];
    for (const link of links.slice(0, -1).reverse()) {
      const found = this.#chains.named(link);
      if (found !== null) return [false, found];
    }
    return [false, null];
  }

  #ofThis(node: Node): Watched | null {
    for (let at: Node | undefined = node; at !== undefined; at = this.#resolver.module.parents.get(at)) {
      if (at.type !== "ClassDeclaration" || !at.id) continue;
      const found = this.#resolver.project.local(this.#resolver.module, at.id.name);
      return found?.ours === true && found.entity ? { via: "manager", definition: found } : null;
    }
    return null;
  }
}
