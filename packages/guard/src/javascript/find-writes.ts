import type * as t from "@babel/types";
import { ColumnReader, type Columns, columnNamed, merged } from "./columns-of.ts";
import { type Definition, nameOf, property, stringOf, unwrap } from "./definitions.ts";
import type { Node } from "./parse-module.ts";
import type { Resolver, TableReference } from "./resolve.ts";
import { isFunction, keyOf } from "./scope.ts";

/** A write to the watched table in code. */
export interface CodeWrite {
  /** Where it is. */
  readonly node: Node;
  readonly columns: Columns;
  readonly how: string;
}

type Via = "builder" | "name" | "repository" | "manager" | "prisma";
interface Watched {
  readonly via: Via;
  readonly definition: Pick<Definition, "columns"> | null;
}
/** `other`: a table, and not the watched one. */
type Found = Watched | "other" | null;

interface Link {
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
const managing = new Set([
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
      found.push(...finder.assignment(node));
  }
  return found;
}

class Finder {
  readonly #resolver: Resolver;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  call(call: t.CallExpression | t.OptionalCallExpression): CodeWrite[] {
    const name = nameOf(call.callee);
    if (name === "assign" && call.callee.type === "MemberExpression") return this.#objectAssign(call);
    if (call.callee.type === "Identifier") return this.#helper(call);
    if (name === null || !(chained.has(name) || managing.has(name))) return [];
    const links = this.#links(call);
    const [manager, watched] = this.#watched(links, call);
    if (watched === null || watched === "other") return [];
    const columns = this.#written(name, call, manager ? { ...watched, via: "manager" } : watched, links);
    return columns === null ? [] : [{ node: call, columns, how: `${name}()` }];
  }

  /** Which table a chain is about: the nearest link before the call that names one. @returns whether the call itself names it */
  #watched(links: readonly Link[], call: Node): [boolean, Found] {
    const last = links.at(-1)!;
    const own = this.#named(last);
    if (own !== null && managing.has(last.name)) return [true, own];
    if (own !== null) return [false, own];
    for (const link of links.slice(0, -1).reverse()) {
      const found = this.#named(link) ?? this.#opens(link);
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
        const found = this.#named({ name, call: outer });
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
  #named(link: Link): Found {
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
  #links(node: Node, depth = 0): Link[] {
    const at = unwrap(node);
    if (depth > 12) return [];
    if (at.type === "CallExpression" || at.type === "OptionalCallExpression") {
      if (/MemberExpression$/.test(at.callee.type)) {
        const callee = at.callee as t.MemberExpression;
        return [...this.#links(callee.object, depth + 1), { name: nameOf(callee) ?? "?", call: at }];
      }
      return [...this.#links(at.callee, depth + 1), { name: "", call: at }];
    }
    if (at.type === "MemberExpression" || at.type === "OptionalMemberExpression") {
      const typed = this.#memberRepository(at);
      return [...this.#links(at.object, depth + 1), ...typed, { name: nameOf(at) ?? "", call: null }];
    }
    if (at.type !== "Identifier") return [];
    const binding = this.#resolver.binding(at, at.name);
    if (binding === null) return [];
    const repository = this.#repositoryType(binding.annotation);
    if (repository !== null) return [repository];
    if (binding.kind === "variable" && binding.init !== null) {
      const begun = this.#links(binding.init, depth + 1);
      return [...begun, ...binding.path.map((name) => ({ name, call: null }))];
    }
    if (binding.kind !== "parameter") return [];
    const call = this.#resolver.module.parents.get(binding.owner!);
    return call?.type === "CallExpression" && call.arguments.includes(binding.owner as t.Expression)
      ? this.#links(call, depth + 1)
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
          if (member.value) return this.#links(member.value, 6);
        }
      }
      // `this.repository = dataSource.getRepository(EventAttendance)`
      const assigned = this.#resolver
        .memberAssignments()
        .find(({ left }) => (left as t.MemberExpression).object.type === "ThisExpression" && nameOf(left) === name);
      return assigned === undefined ? [] : this.#links(assigned.right, 6);
    }
    return [];
  }

  /** Columns that a call sets, or `null` when it sets none. */
  #written(
    name: string,
    call: t.CallExpression | t.OptionalCallExpression,
    { via, definition }: Watched,
    links: readonly Link[],
  ): Columns | null {
    const reader = new ColumnReader(this.#resolver, definition);
    const given = call.arguments as Node[];
    const named = (at: number): Columns | null => {
      const text = given[at] === undefined ? [] : this.#resolver.texts(given[at], () => ["\u0000"]);
      if (text.length === 0 || text.some((each) => each.includes("\u0000"))) return null;
      return merged(text.map((each) => reader.named(each, given[at]!)));
    };
    if (via === "manager") return this.#managed(name, given, reader, named);
    if (via === "prisma") return this.#prisma(name, given[0], definition);
    if (via === "repository") {
      if (links.some((link) => link.name === "createQueryBuilder"))
        return name === "set" || name === "values" ? reader.read(given[0]) : null;
      if (name === "update" || name === "nativeUpdate") return given.length < 2 ? null : reader.read(given[1]);
      if (name === "increment" || name === "decrement") return named(1);
      if (name === "merge") return merged(given.slice(1).map((each) => this.#entity(each, reader)));
      return /^(?:insert|save|upsert|create|preload|updateAll|nativeInsert)$/.test(name)
        ? this.#entity(given[0], reader)
        : null;
    }
    switch (name) {
      case "set":
      case "doUpdateSet":
      case "thenUpdateSet":
        return given.length > 1 && !isFunction(given[0]!) ? (named(0) ?? reader.read(given[0])) : reader.read(given[0]);
      case "values":
      case "thenInsertValues":
        return reader.read(given[0]);
      case "onConflictDoUpdate":
        return reader.read(property(this.#object(given[0]), "set"));
      case "onDuplicateKeyUpdate":
        return via === "builder"
          ? reader.read(property(this.#object(given[0]), "set") ?? given[0])
          : reader.read(given[0]);
      case "columns":
        return given[0] === undefined ? null : this.#list(given[0], reader);
      case "select":
        return via === "builder" && links.some((link) => link.name === "insert")
          ? this.#insertSelect(given[0], reader, call)
          : null;
      case "batchInsert":
        return reader.read(given[1]);
      case "update":
      case "insert":
      case "upsert":
        if (via === "builder") return null;
        return given.length > 1 ? (named(0) ?? reader.read(given[0])) : reader.read(given[0]);
      case "increment":
      case "decrement":
        return via === "name" ? (named(0) ?? reader.read(given[0])) : null;
      case "merge":
        if (via !== "name" || given.length === 0) return null;
        return unwrap(given[0]!).type === "ArrayExpression" ? this.#list(given[0]!, reader) : reader.read(given[0]);
      default:
        return null;
    }
  }

  #managed(
    name: string,
    given: readonly Node[],
    reader: ColumnReader,
    named: (at: number) => Columns | null,
  ): Columns | null {
    if (name === "update" || name === "nativeUpdate") return given.length < 3 ? null : reader.read(given[2]);
    if (name === "increment" || name === "decrement") return named(2);
    if (name === "merge" || name === "assign") return null;
    return this.#entity(given[1], reader);
  }

  /** An entity that was read and is saved again: what was set on it is reported where it was set. */
  #entity(node: Node | undefined, reader: ColumnReader): Columns {
    const columns = reader.read(node);
    return node !== undefined && unwrap(node).type !== "ObjectExpression" ? { ...columns, unknown: [] } : columns;
  }

  #object(node: Node | undefined): Node {
    const value = node === undefined ? null : unwrap(node);
    if (value?.type === "Identifier") {
      const binding = this.#resolver.binding(value, value.name);
      if (binding?.init && binding.path.length === 0) return unwrap(binding.init);
    }
    return value ?? ({ type: "NullLiteral" } as Node);
  }

  /** Names of columns: `["id", "status"]`. */
  #list(node: Node, reader: ColumnReader): Columns {
    const items = this.#resolver.listItems(node);
    if (items === null) return { legacy: [], column: [], unknown: [node] };
    return merged(
      items.map((each) => {
        const texts = this.#resolver.texts(each, () => ["\u0000"]);
        if (texts.some((text) => text.includes("\u0000"))) return { legacy: [], column: [], unknown: [each] };
        return merged(texts.map((text) => reader.named(text, each)));
      }),
    );
  }

  /** Drizzle's `insert(t).select(query)`: the columns of the query, or all of the table's. */
  #insertSelect(query: Node | undefined, reader: ColumnReader, call: Node): Columns {
    const links =
      query === undefined ? [] : this.#links(isFunction(query) ? ((query as { body?: Node }).body ?? query) : query);
    const fields = links.find((link) => /^select/.test(link.name))?.call?.arguments[0];
    return fields === undefined ? { legacy: [call], column: [call], unknown: [] } : reader.read(fields);
  }

  #prisma(name: string, argument: Node | undefined, definition: Pick<Definition, "columns"> | null): Columns | null {
    if (argument === undefined) return null;
    const parts: readonly string[] =
      name === "upsert"
        ? ["create", "update"]
        : /^(?:create|update)(?:Many|ManyAndReturn)?$/.test(name)
          ? ["data"]
          : [];
    if (parts.length === 0) return null;
    const object = this.#object(argument);
    const reader = new ColumnReader(this.#resolver, definition);
    if (object.type !== "ObjectExpression") return { legacy: [], column: [], unknown: [argument] };
    return merged(parts.map((part) => reader.read(property(object, part))));
  }

  /** Nested writes of Prisma through a relation: `event.update({ data: { attendances: { update: { data: { status } } } } })`. */
  nested(node: t.ObjectProperty): Columns | null {
    const key = keyOf(node);
    const { models, retired } = this.#resolver.project;
    const model = models.find(({ relations }) => key !== null && relations.has(key));
    if (key === null || (model === undefined && !(models.length === 0 && retired.isModel(key)))) return null;
    const value = unwrap(node.value);
    if (value.type !== "ObjectExpression") return null;
    const reader = new ColumnReader(this.#resolver, model ?? null);
    return merged(
      value.properties.flatMap((each) => {
        const operation = keyOf(each);
        if (
          each.type !== "ObjectProperty" ||
          !/^(?:create|createMany|update|updateMany|upsert|connectOrCreate)$/.test(operation ?? "")
        )
          return [];
        const items =
          unwrap(each.value).type === "ArrayExpression"
            ? (unwrap(each.value) as t.ArrayExpression).elements
            : [each.value];
        return items.flatMap((item) => {
          if (item === null || unwrap(item).type !== "ObjectExpression") return [];
          const inner = ["data", "create", "update"].flatMap((part) => property(unwrap(item), part) ?? []);
          return inner.length > 0 ? inner.map((part) => reader.read(part)) : [reader.read(item)];
        });
      }),
    );
  }

  /** `row.status = …` on an entity of the table. */
  assignment(node: t.AssignmentExpression | t.UpdateExpression): CodeWrite[] {
    const target = node.type === "UpdateExpression" ? node.argument : node.left;
    if (!/MemberExpression$/.test(target.type)) return [];
    const member = target as t.MemberExpression;
    const name = this.#resolver.keyName({ key: member.property, computed: member.computed } as never);
    if (name === null) return [];
    const entity = this.#entityOf(member.object);
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

  #objectAssign(call: t.CallExpression | t.OptionalCallExpression): CodeWrite[] {
    const [target, ...sources] = call.arguments as Node[];
    if (target === undefined || nameOf((call.callee as t.MemberExpression).object) !== "Object") return [];
    const entity = this.#entityOf(target);
    if (entity === null) return [];
    const reader = new ColumnReader(this.#resolver, entity.definition);
    return [{ node: call, columns: merged(sources.map((each) => reader.read(each))), how: "Object.assign()" }];
  }

  /** Is this value a row of the table, as an object mapper hands it out? */
  #entityOf(node: Node, depth = 0): Watched | null {
    const at = unwrap(node);
    if (depth > 8) return null;
    if (at.type === "ThisExpression") return this.#entityOfThis(at);
    if (at.type === "NewExpression") {
      const table = this.#resolver.table(at.callee);
      // A class whose definition is not among the files, and is called like the table, is its entity.
      return table?.ours === true && table.definition?.entity !== false
        ? { via: "manager", definition: table.definition }
        : null;
    }
    if (/MemberExpression$/.test(at.type))
      return this.#entityOf((at as t.MemberExpression).object, depth + 1) === null ? null : this.#element(at, depth);
    if (at.type === "CallExpression") {
      const links = this.#links(at);
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
        return this.#entityOf(call.callee.object, depth + 1);
      return (
        this.#resolver
          .argumentsFor(binding)
          .nodes.map((each) => this.#entityOf(each, depth + 1))
          .find((each) => each !== null) ?? null
      );
    }
    const source = binding.init ?? binding.assigned.at(-1)?.value ?? null;
    if (source === null || binding.path.some((step) => !/^(?:\[\]|\d+)$/.test(step))) return null;
    return this.#entityOf(source, depth + 1);
  }

  #element(node: Node, depth: number): Watched | null {
    const member = node as t.MemberExpression;
    return member.computed && member.property.type === "NumericLiteral"
      ? this.#entityOf(member.object, depth + 1)
      : null;
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
      const found = this.#named(link);
      if (found !== null) return [false, found];
    }
    return [false, null];
  }

  #entityOfThis(node: Node): Watched | null {
    for (let at: Node | undefined = node; at !== undefined; at = this.#resolver.module.parents.get(at)) {
      if (at.type !== "ClassDeclaration" || !at.id) continue;
      const found = this.#resolver.project.local(this.#resolver.module, at.id.name);
      return found?.ours === true && found.entity ? { via: "manager", definition: found } : null;
    }
    return null;
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

const watched = (table: TableReference | null, via: Via): Found =>
  table === null ? null : table.ours ? { via, definition: table.definition } : "other";

const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Nested writes through relations, wherever they are. */
export function findNested(resolver: Resolver): CodeWrite[] {
  const finder = new Finder(resolver);
  const found: CodeWrite[] = [];
  for (const node of resolver.module.parents.keys()) {
    if (node.type !== "ObjectProperty") continue;
    const columns = finder.nested(node);
    if (columns !== null && columns.legacy.length + columns.column.length + columns.unknown.length > 0)
      found.push({ node, columns, how: `nested write to ${keyOf(node)}` });
  }
  return found;
}
