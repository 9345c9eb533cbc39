import type * as t from "@babel/types";
import { type Definition, definitionOf, nameOf, property, returnsOf, stringOf, unwrap } from "./definitions.ts";
import type { Module, Node } from "./parse-module.ts";
import type { Project } from "./project.ts";
import { type Binding, find, isFunction, keyOf } from "./scope.ts";

/** A reference to a table: the watched one with its definition when that was seen, or another. */
export type TableReference = { readonly ours: true; readonly definition: Definition | null } | { readonly ours: false };

const other: TableReference = { ours: false };
const ours: TableReference = { ours: true, definition: null };

/** How deep names are followed through variables: beyond it a value counts as unknown. */
const depthLimit = 12;

/** Finds out what names in one file stand for. */
export class Resolver {
  readonly project: Project;
  readonly module: Module;

  constructor(project: Project, module: Module) {
    this.project = project;
    this.module = module;
  }

  binding(identifier: Node, name: string): Binding | null {
    for (let at: Node | undefined = identifier; at !== undefined; at = this.module.parents.get(at)) {
      const scope = this.module.scopes.get(at);
      if (scope !== undefined) return find(scope, name);
    }
    return null;
  }

  /** Arguments that calls in this file give for a parameter. `open` when others may call the function too. */
  argumentsFor(binding: Binding): { readonly nodes: Node[]; readonly open: boolean } {
    const owner = binding.owner!;
    const parent = this.module.parents.get(owner);
    const name =
      (owner.type === "FunctionDeclaration" ? owner.id?.name : undefined) ??
      (parent?.type === "VariableDeclarator" && parent.id.type === "Identifier" ? parent.id.name : undefined);
    if (name === undefined) return { nodes: [], open: true };
    const nodes = (this.module.calls.get(name) ?? []).flatMap((call) => call.arguments[binding.position!] ?? []);
    const declaration =
      owner.type === "FunctionDeclaration"
        ? parent
        : parent && this.module.parents.get(this.module.parents.get(parent)!);
    return { nodes, open: nodes.length === 0 || /^Export/.test(declaration?.type ?? "") };
  }

  /** @returns the table that an expression is, or `null` when it cannot be said or is no table */
  table(expression: Node | undefined, depth = 0): TableReference | null {
    if (expression === undefined || depth > depthLimit) return null;
    const node = unwrap(expression);
    if (node.type === "Identifier") return this.#tableNamed(node, depth);
    if (node.type === "MemberExpression" || node.type === "OptionalMemberExpression")
      return this.#tableMember(node, depth);
    if (node.type === "CallExpression" && /^(?:alias|aliasedTable)$/.test(nameOf(node.callee) ?? ""))
      return this.table(node.arguments[0], depth + 1);
    const definition = definitionOf(node, this.project.retired);
    return definition === null ? null : reference(definition);
  }

  #tableNamed(node: t.Identifier, depth: number): TableReference | null {
    const { retired } = this.project;
    const binding = this.binding(node, node.name);
    if (binding === null) return retired.isModel(node.name) ? ours : null;
    if (binding.kind === "import") {
      const found = this.project.imported(this.module, binding.source!, binding.imported!);
      if (found === "unknown")
        return retired.isModel(binding.imported === "default" ? binding.name : binding.imported!) ? ours : null;
      return found === null ? null : reference(found);
    }
    if (binding.kind === "class") {
      const found = this.project.local(this.module, node.name);
      return found === null ? null : reference(found);
    }
    if (binding.kind === "parameter") {
      const given = this.argumentsFor(binding).nodes.map((each) => this.table(each, depth + 1));
      const typed = this.#tableType(binding.annotation);
      return typed ?? given.find((each) => each?.ours === true) ?? given.find((each) => each !== null) ?? null;
    }
    const local = this.project.local(this.module, node.name);
    if (local !== null && binding.path.length === 0) return reference(local);
    if (binding.init === null) return null;
    if (binding.path.length > 0) {
      // `const { eventAttendance } = schema`, `= require("./schema")`
      const name = binding.path.at(-1)!;
      const required = this.requiredFrom(binding.init);
      if (required !== null) return this.#importedAs(required, name);
      const namespace = this.#namespace(binding.init);
      if (namespace !== null) return this.#importedAs(namespace, name);
      return retired.isModel(name) ? ours : null;
    }
    return this.table(binding.init, depth + 1);
  }

  #tableMember(node: t.MemberExpression | t.OptionalMemberExpression, depth: number): TableReference | null {
    const name = nameOf(node);
    if (name === null) return null;
    const source = this.requiredFrom(node.object) ?? this.#namespace(node.object);
    if (source !== null) return this.#importedAs(source, name);
    const object = unwrap(node.object);
    if (object.type === "Identifier") {
      const binding = this.binding(object, object.name);
      const value = binding?.init ? property(unwrap(binding.init), name) : undefined;
      if (value !== undefined) return this.table(value, depth + 1);
    }
    return this.project.retired.isModel(name) || this.project.names().has(name) ? ours : null;
  }

  #importedAs(source: string, name: string): TableReference | null {
    const found = this.project.imported(this.module, source, name);
    if (found === "unknown") return this.project.retired.isModel(name) ? ours : null;
    return found === null ? null : reference(found);
  }

  /** The module that `require("…")` or `await import("…")` names. */
  requiredFrom(expression: Node): string | null {
    const node = unwrap(expression);
    if (node.type === "ImportExpression") return stringOf(node.source);
    if (node.type !== "CallExpression") return null;
    if (node.callee.type === "Import" || (node.callee.type === "Identifier" && node.callee.name === "require"))
      return stringOf(node.arguments[0]);
    return null;
  }

  /** The module that `import * as schema` or `const schema = require(…)` names. */
  #namespace(expression: Node): string | null {
    const node = unwrap(expression);
    if (node.type !== "Identifier") return null;
    const binding = this.binding(node, node.name);
    if (binding?.kind === "import" && binding.imported === "*") return binding.source!;
    return binding?.init && binding.path.length === 0 ? this.requiredFrom(binding.init) : null;
  }

  #tableType(annotation: Node | null): TableReference | null {
    const type = typeOf(annotation);
    if (type?.type === "TSTypeQuery" && type.exprName.type === "Identifier") return this.table(type.exprName);
    return null;
  }

  /** The table whose rows, repository or entity a type names: `EventAttendance`, `Repository<EventAttendance>`. */
  entityType(annotation: Node | null, wrapper: RegExp | null): TableReference | null {
    let type = typeOf(annotation);
    if (wrapper !== null) {
      if (type?.type !== "TSTypeReference" || !wrapper.test(nameOf(type.typeName as Node) ?? "")) return null;
      type =
        (type.typeArguments ?? (type as { typeParameters?: t.TSTypeParameterInstantiation }).typeParameters)
          ?.params[0] ?? null;
    }
    if (type?.type !== "TSTypeReference" || type.typeName.type !== "Identifier") return null;
    const found = this.#tableNamed(type.typeName, 0);
    return found?.ours === true && found.definition?.entity === false ? null : found;
  }

  /** Texts an expression may have; a part that is not known is `hole(node)`. At most eight. */
  texts(expression: Node, hole: (node: Node, before: string) => readonly string[], depth = 0): string[] {
    const node = unwrap(expression);
    if (depth > depthLimit) return [...hole(node, "")];
    const again = (each: Node) => this.texts(each, hole, depth + 1);
    switch (node.type) {
      case "StringLiteral":
        return [node.value];
      case "NumericLiteral":
        return [String(node.value)];
      case "TemplateLiteral":
        return this.templateTexts(node, hole, depth);
      case "TaggedTemplateExpression":
        return this.templateTexts(node.quasi, hole, depth);
      case "BinaryExpression":
        return node.operator === "+" ? product(again(node.left), again(node.right)) : [...hole(node, "")];
      case "ConditionalExpression":
        return [...again(node.consequent), ...again(node.alternate)].slice(0, 8);
      case "LogicalExpression":
        return [...again(node.left), ...again(node.right)].slice(0, 8);
      case "Identifier":
        return this.#variableTexts(node, hole, depth);
      case "CallExpression":
        return this.#callTexts(node, hole, depth);
      default:
        return [...hole(node, "")];
    }
  }

  templateTexts(
    node: t.TemplateLiteral,
    hole: (node: Node, before: string) => readonly string[],
    depth: number,
  ): string[] {
    let texts = [node.quasis[0]!.value.cooked ?? ""];
    for (const [at, expression] of node.expressions.entries()) {
      const before = texts[0]!;
      const own = hole(expression, before);
      // What a hole stands for in SQL (a table, a column, a value) goes before what it is as a text.
      const values =
        own.length > 0 && !own.some((each) => each.includes("\u0000")) ? own : this.texts(expression, hole, depth + 1);
      texts = product(product(texts, values), [node.quasis[at + 1]!.value.cooked ?? ""]);
    }
    return texts;
  }

  #variableTexts(node: t.Identifier, hole: (node: Node, before: string) => readonly string[], depth: number): string[] {
    const binding = this.binding(node, node.name);
    if (binding === null || binding.kind === "import" || binding.path.length > 0) return [...hole(node, "")];
    if (binding.kind === "parameter") {
      const { nodes, open } = this.argumentsFor(binding);
      if (open || nodes.length === 0) return [...hole(node, "")];
      return nodes.flatMap((each) => this.texts(each, hole, depth + 1)).slice(0, 8);
    }
    if (binding.init === null && binding.assigned.length === 0) return [...hole(node, "")];
    let texts = binding.init === null ? [] : this.texts(binding.init, hole, depth + 1);
    for (const { operator, value } of binding.assigned) {
      const more = this.texts(value, hole, depth + 1);
      texts = operator === "+=" ? product(texts, more) : [...texts, ...more].slice(0, 8);
    }
    return texts;
  }

  #callTexts(node: t.CallExpression, hole: (node: Node, before: string) => readonly string[], depth: number): string[] {
    const called = nameOf(node.callee);
    if (node.callee.type === "MemberExpression") {
      const { object } = node.callee;
      if (called === "join") {
        const items = this.listItems(object);
        const separator = node.arguments[0] === undefined ? "," : stringOf(node.arguments[0]);
        if (items !== null && separator !== null)
          return items
            .map((each) => this.texts(each, hole, depth + 1))
            .reduce<string[]>((all, each, at) => product(all, at === 0 ? each : product([separator], each)), [""]);
      }
      if (/^(?:trim|trimStart|trimEnd|toString)$/.test(called ?? "")) return this.texts(object, hole, depth + 1);
      if (called === "raw" && node.arguments[0]) return this.texts(node.arguments[0], hole, depth + 1);
    }
    if (node.callee.type === "Identifier") {
      const owner = this.binding(node.callee, node.callee.name);
      const body = owner?.kind === "function" ? owner.node : owner?.init;
      if (body && isFunction(unwrap(body))) {
        const values = returnsOf(unwrap(body));
        if (values.length > 0) return values.flatMap((each) => this.texts(each, hole, depth + 1)).slice(0, 8);
      }
    }
    return [...hole(node, "")];
  }

  /** Items of an array in the same file: its literal, and what is pushed to it. */
  listItems(expression: Node): Node[] | null {
    const node = unwrap(expression);
    if (node.type === "ArrayExpression") return node.elements.flatMap((each) => (each ? [each] : []));
    if (node.type !== "Identifier") return null;
    const binding = this.binding(node, node.name);
    if (binding?.init == null || binding.kind !== "variable" || binding.path.length > 0) return null;
    const init = unwrap(binding.init);
    if (init.type !== "ArrayExpression") return null;
    return [
      ...init.elements.flatMap((each) => (each ? [each] : [])),
      ...this.uses(binding, "push").flatMap(({ arguments: given }) => given),
    ];
  }

  /** Calls of a method on a variable: `sets.push(…)`. */
  uses(binding: Binding, method: string): t.CallExpression[] {
    return this.mutations().filter(
      (call) =>
        call.callee.type === "MemberExpression" &&
        nameOf(call.callee) === method &&
        call.callee.object.type === "Identifier" &&
        call.callee.object.name === binding.name &&
        this.binding(call, binding.name) === binding,
    );
  }

  #mutations: t.CallExpression[] | null = null;
  mutations(): t.CallExpression[] {
    this.#mutations ??= [...this.module.parents.keys()].filter(
      (node): node is t.CallExpression =>
        node.type === "CallExpression" && /^(?:push|unshift|assign)$/.test(nameOf(node.callee) ?? ""),
    );
    return this.#mutations;
  }

  #memberAssignments: t.AssignmentExpression[] | null = null;
  /** Every `a.b = …`. */
  memberAssignments(): t.AssignmentExpression[] {
    this.#memberAssignments ??= [...this.module.parents.keys()].filter(
      (node): node is t.AssignmentExpression =>
        node.type === "AssignmentExpression" && /MemberExpression$/.test(node.left.type),
    );
    return this.#memberAssignments;
  }

  keyName(node: Node): string | null {
    const written = keyOf(node);
    if (written !== null) return written;
    const { key, computed } = node as { key?: Node; computed?: boolean };
    if (!computed || key === undefined) return null;
    // `[eventAttendance.status.name]`
    if (
      key.type === "MemberExpression" &&
      nameOf(key) === "name" &&
      this.table((unwrap(key.object) as t.MemberExpression).object)?.ours
    )
      return nameOf(unwrap(key.object));
    const texts = this.texts(key, () => ["\u0000"]);
    return texts.length === 1 && !texts[0]!.includes("\u0000") ? texts[0]! : null;
  }
}

const reference = (definition: Definition): TableReference => (definition.ours ? { ours: true, definition } : other);

/** The type in an annotation, without `null` and `undefined`. */
export function typeOf(annotation: Node | null): Node | null {
  if (annotation === null) return null;
  const type = annotation.type === "TSTypeAnnotation" ? annotation.typeAnnotation : annotation;
  if (type.type !== "TSUnionType") return type;
  const rest = type.types.filter(({ type: kind }) => kind !== "TSNullKeyword" && kind !== "TSUndefinedKeyword");
  return rest.length === 1 ? rest[0]! : type;
}

function product(left: readonly string[], right: readonly string[]): string[] {
  return left.flatMap((a) => right.map((b) => a + b)).slice(0, 8);
}
