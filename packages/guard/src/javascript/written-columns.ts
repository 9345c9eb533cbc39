import type * as t from "@babel/types";
import type { Chains, Link, Watched } from "./chains.ts";
import { ColumnReader, type Columns, merged } from "./columns-of.ts";
import { type Definition, property, unwrap } from "./definitions.ts";
import type { Node } from "./parse-module.ts";
import type { Resolver } from "./resolve.ts";
import { isFunction } from "./scope.ts";

/** Which columns a call sets, in the terms of the library that the chain belongs to. */
export class WrittenColumns {
  readonly #resolver: Resolver;
  readonly #chains: Chains;

  constructor(resolver: Resolver, chains: Chains) {
    this.#resolver = resolver;
    this.#chains = chains;
  }

  /** Columns that a call sets, or `null` when it sets none. */
  of(
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
      query === undefined
        ? []
        : this.#chains.links(isFunction(query) ? ((query as { body?: Node }).body ?? query) : query);
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
}
