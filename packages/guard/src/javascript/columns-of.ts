import type * as t from "@babel/types";
import { snake } from "../retired-column.ts";
import { type Definition, nameOf, returnsOf, unwrap } from "./definitions.ts";
import type { Node } from "./parse-module.ts";
import { type Resolver, typeOf } from "./resolve.ts";
import { type Binding, isFunction, keyOf } from "./scope.ts";

/** Which of the two columns a value sets. */
export interface Columns {
  /** Where the legacy column is set. */
  readonly legacy: readonly Node[];
  readonly column: readonly Node[];
  /** Parts whose columns are decided elsewhere. */
  readonly unknown: readonly Node[];
}

const none: Columns = { legacy: [], column: [], unknown: [] };
const unknown = (node: Node): Columns => ({ ...none, unknown: [node] });

export function merged(all: readonly Columns[]): Columns {
  return {
    legacy: all.flatMap(({ legacy }) => legacy),
    column: all.flatMap(({ column }) => column),
    unknown: all.flatMap((each) => each.unknown),
  };
}

/** The column that a property is: by the table's definition, or by its own name. */
export function columnNamed(key: string, columns: ReadonlyMap<string, string> | null): string {
  return columns?.get(key) ?? snake(key);
}

/**
 * Columns that an object, a list of objects or a function returning one sets. Followed through variables, spreads,
 * conditions and helpers of the same file.
 */
export class ColumnReader {
  readonly #resolver: Resolver;
  readonly #columns: ReadonlyMap<string, string> | null;

  constructor(resolver: Resolver, definition: Pick<Definition, "columns"> | null) {
    this.#resolver = resolver;
    this.#columns = definition?.columns ?? null;
  }

  read(expression: Node | undefined, depth = 0): Columns {
    if (expression === undefined) return none;
    if (depth > 12) return unknown(expression);
    const node = unwrap(expression);
    const again = (each: Node | undefined) => this.read(each, depth + 1);
    switch (node.type) {
      case "ObjectExpression":
        return merged(node.properties.map((each) => this.#property(each, depth)));
      case "ArrayExpression":
        return merged(
          node.elements.map((each) =>
            each === null ? none : again(each.type === "SpreadElement" ? each.argument : each),
          ),
        );
      case "ConditionalExpression":
        return merged([again(node.consequent), again(node.alternate)]);
      case "LogicalExpression":
        return node.operator === "&&" ? again(node.right) : merged([again(node.left), again(node.right)]);
      case "SequenceExpression":
        return again(node.expressions.at(-1));
      case "NullLiteral":
      case "BooleanLiteral":
      case "NumericLiteral":
      case "StringLiteral":
        return none;
      case "Identifier":
        return node.name === "undefined" ? none : this.#variable(node, depth);
      case "CallExpression":
        return this.#call(node, depth);
      case "NewExpression":
        return none;
      case "MemberExpression":
        return this.#member(node, depth);
    }
    if (isFunction(node)) return merged(returnsOf(node).map(again));
    return unknown(node);
  }

  /** One column by its name: `.update("status", …)`. */
  named(name: string, node: Node): Columns {
    const { retired } = this.#resolver.project;
    const column = columnNamed(name.split(".").at(-1)!, this.#columns);
    if (retired.isLegacy(column)) return { ...none, legacy: [node] };
    return retired.isColumn(column) ? { ...none, column: [node] } : none;
  }

  #property(node: Node, depth: number): Columns {
    if (node.type === "SpreadElement") return this.read(node.argument, depth + 1);
    const key = this.#resolver.keyName(node);
    return key === null ? unknown(node) : this.named(key, node);
  }

  #variable(node: t.Identifier, depth: number): Columns {
    const binding = this.#resolver.binding(node, node.name);
    if (binding === null || binding.kind === "import") return unknown(node);
    const later = this.#later(binding, depth);
    if (binding.kind === "parameter") return merged([this.#parameter(binding, node, depth), later]);
    const typed = this.#type(binding.annotation);
    if (binding.init === null) {
      const assigned = binding.assigned.map(({ value }) => this.read(value, depth + 1));
      if (assigned.length > 0) return merged([...assigned, later]);
      return typed ?? (later.legacy.length + later.column.length > 0 ? later : unknown(node));
    }
    if (binding.path.at(-1) === "[]") return merged([this.read(binding.init, depth + 1), later]);
    if (binding.path.at(-1) === "...") {
      // `const { status, ...rest } = patch`: what was taken out is not in the rest.
      const taken = this.#siblings(binding);
      const rest = this.read(binding.init, depth + 1);
      const left = (nodes: readonly Node[]) => nodes.filter((each) => !taken.has(this.#resolver.keyName(each) ?? ""));
      const { retired } = this.#resolver.project;
      const withoutLegacy = [...taken].some((key) => retired.isLegacy(columnNamed(key, this.#columns)));
      return merged([
        { legacy: left(rest.legacy), column: left(rest.column), unknown: withoutLegacy ? [] : rest.unknown },
        later,
      ]);
    }
    if (binding.path.length > 0) return typed ?? unknown(node);
    const initial = this.read(binding.init, depth + 1);
    return merged([
      initial.unknown.length > 0 && typed !== null ? { ...initial, unknown: [] } : initial,
      ...binding.assigned.map(({ value }) => this.read(value, depth + 1)),
      later,
      ...(initial.unknown.length > 0 && typed !== null ? [typed] : []),
    ]);
  }

  #siblings(binding: Binding): Set<string> {
    const pattern = binding.node.type === "VariableDeclarator" ? binding.node.id : binding.node;
    if (pattern.type !== "ObjectPattern") return new Set();
    return new Set(pattern.properties.flatMap((each) => keyOf(each) ?? []));
  }

  /** `patch.status = …`, `patch["status"] = …`, `Object.assign(patch, …)`, `rows.push({ … })`. */
  #later(binding: Binding, depth: number): Columns {
    const set = this.#resolver.memberAssignments().flatMap((each): Columns[] => {
      const left = each.left as t.MemberExpression;
      if (left.object.type !== "Identifier" || left.object.name !== binding.name) return [];
      if (this.#resolver.binding(each, binding.name) !== binding) return [];
      const name = this.#resolver.keyName({ key: left.property, computed: left.computed } as never);
      return [name === null ? none : this.named(name, each)];
    });
    const calls = this.#resolver.mutations().flatMap((call): Columns[] => {
      const [first, ...rest] = call.arguments;
      const name = nameOf(call.callee);
      if (name === "assign" && first?.type === "Identifier" && this.#resolver.binding(first, first.name) === binding)
        return rest.map((each) => this.read(each, depth + 1));
      return [];
    });
    const pushed = ["push", "unshift"].flatMap((method) =>
      this.#resolver
        .uses(binding, method)
        .flatMap(({ arguments: given }) => given.map((each) => this.read(each, depth + 1))),
    );
    return merged([...set, ...calls, ...pushed]);
  }

  #parameter(binding: Binding, node: Node, depth: number): Columns {
    const typed = binding.path.length === 0 ? this.#type(binding.annotation) : null;
    if (typed !== null) return typed;
    // A row of `rows.map((row) => …)` is an element of the rows.
    const call = this.#resolver.module.parents.get(binding.owner!);
    if (
      call?.type === "CallExpression" &&
      call.callee.type === "MemberExpression" &&
      /^(?:map|forEach|filter|flatMap)$/.test(nameOf(call.callee) ?? "") &&
      binding.position === 0
    )
      return binding.path.length === 0 ? this.read(call.callee.object, depth + 1) : unknown(node);
    if (binding.path.length > 0) return unknown(node);
    const { nodes, open } = this.#resolver.argumentsFor(binding);
    return merged([...nodes.map((each) => this.read(each, depth + 1)), ...(open ? [unknown(node)] : [])]);
  }

  #call(node: t.CallExpression, depth: number): Columns {
    const called = nameOf(node.callee);
    if (node.callee.type === "MemberExpression") {
      const { object } = node.callee;
      if (object.type === "Identifier" && object.name === "Object" && (called === "assign" || called === "freeze"))
        return merged(node.arguments.map((each) => this.read(each, depth + 1)));
      if (called === "map" || called === "flatMap") {
        const [callback] = node.arguments;
        if (callback && isFunction(callback)) return this.read(callback, depth + 1);
      }
      if (/^(?:filter|slice|concat|reverse|sort|toSorted|splice)$/.test(called ?? ""))
        return this.read(object, depth + 1);
    } else if (node.callee.type === "Identifier") {
      if (/^(?:structuredClone|asArray)$/.test(node.callee.name)) return this.read(node.arguments[0], depth + 1);
      const owner = this.#resolver.binding(node.callee, node.callee.name);
      const body =
        owner?.kind === "function"
          ? owner.node
          : owner?.kind === "variable" && owner.path.length === 0
            ? owner.init
            : null;
      if (body && isFunction(unwrap(body)))
        return merged(returnsOf(unwrap(body)).map((each) => this.read(each, depth + 1)));
    }
    return unknown(node);
  }

  #member(node: t.MemberExpression, depth: number): Columns {
    const name = nameOf(node);
    const object = unwrap(node.object);
    if (name === null || object.type !== "Identifier") return unknown(node);
    const binding = this.#resolver.binding(object, object.name);
    const value = binding?.init ? unwrap(binding.init) : null;
    if (value?.type !== "ObjectExpression" || binding?.path.length !== 0) return unknown(node);
    const found = value.properties.find((each) => keyOf(each) === name);
    return found?.type === "ObjectProperty" ? this.read(found.value, depth + 1) : unknown(node);
  }

  /** Columns of a type that is written down in the file; `null` when it is not. */
  #type(annotation: Node | null, depth = 0): Columns | null {
    const type = typeOf(annotation);
    if (type === null || depth > 6) return null;
    if (type.type === "TSTypeLiteral") return this.#members(type.members);
    if (type.type === "TSArrayType") return this.#type(type.elementType, depth + 1);
    if (type.type === "TSIntersectionType") {
      const parts = type.types.map((each) => this.#type(each, depth + 1));
      return parts.some((each) => each === null) ? null : merged(parts as Columns[]);
    }
    if (type.type !== "TSTypeReference" || type.typeName.type !== "Identifier") return null;
    const parameters =
      (type.typeArguments ?? (type as { typeParameters?: t.TSTypeParameterInstantiation }).typeParameters)?.params ??
      [];
    const name = type.typeName.name;
    if (/^(?:Partial|Readonly|Required|Array|ReadonlyArray|Promise)$/.test(name))
      return this.#type(parameters[0] ?? null, depth + 1);
    if (name === "Omit" || name === "Pick" || name === "Record") {
      const keys = literals(name === "Record" ? parameters[0] : parameters[1]);
      if (keys === null) return null;
      const { retired } = this.#resolver.project;
      if (name !== "Omit") return merged(keys.map((each) => this.named(each, type)));
      return keys.some((each) => retired.isLegacy(columnNamed(each, this.#columns)))
        ? none
        : this.#type(parameters[0] ?? null, depth + 1);
    }
    for (const statement of this.#resolver.module.program.program.body) {
      const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
      if (
        declaration?.type === "TSInterfaceDeclaration" &&
        declaration.id.name === name &&
        !declaration.extends?.length
      )
        return this.#members(declaration.body.body);
      if (declaration?.type === "TSTypeAliasDeclaration" && declaration.id.name === name)
        return this.#type(declaration.typeAnnotation, depth + 1);
    }
    return null;
  }

  #members(members: readonly Node[]): Columns {
    return merged(members.map((each) => (keyOf(each) === null ? none : this.named(keyOf(each)!, each))));
  }
}

/** The texts of `"a" | "b"`. */
function literals(type: Node | undefined): string[] | null {
  if (type?.type === "TSLiteralType" && type.literal.type === "StringLiteral") return [type.literal.value];
  if (type?.type !== "TSUnionType") return null;
  const all = type.types.map(literals);
  return all.some((each) => each === null) ? null : (all as string[][]).flat();
}
