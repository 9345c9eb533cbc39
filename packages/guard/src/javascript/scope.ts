import type * as t from "@babel/types";
import { children, type Node } from "./parse-module.ts";

/** What a name stands for. */
export interface Binding {
  readonly name: string;
  readonly kind: "variable" | "parameter" | "function" | "class" | "import";
  /** The declarator, parameter, function, class or import. */
  readonly node: Node;
  /** The value it begins with. */
  readonly init: Node | null;
  /** Where in that value it is, when it was destructured: `const { a: { b } } = x` is `["a", "b"]`. */
  readonly path: readonly string[];
  readonly annotation: Node | null;
  /** Module and exported name of an import; `*` for the whole module. */
  readonly source?: string;
  readonly imported?: string;
  /** Function and position of a parameter. */
  readonly owner?: Node;
  readonly position?: number;
  /** Values assigned later, by `=` and `+=`, in the order of the source. */
  readonly assigned: { readonly operator: string; readonly value: Node }[];
}

export interface Scope {
  readonly parent: Scope | null;
  readonly names: Map<string, Binding>;
}

/** Every scope of a file, by the node that opens it. Names are visible in the whole of their scope. */
export function declare(program: Node): Map<Node, Scope> {
  const scopes = new Map<Node, Scope>();
  // `for (const row of rows)`: the declaration has no value of its own, its row is an element of the rows.
  const elements = new Map<Node, Node>();
  const later: { readonly node: t.AssignmentExpression; readonly scope: Scope }[] = [];
  const visit = (node: Node, scope: Scope, functionScope: Scope): void => {
    let inner = scope;
    let innerFunction = functionScope;
    if (opensScope(node)) {
      inner = { parent: scope, names: new Map() };
      scopes.set(node, inner);
      if (isFunction(node)) {
        innerFunction = inner;
        for (const [position, parameter] of node.params.entries())
          bind(parameter, { kind: "parameter", node: parameter, init: null, owner: node, position }, inner);
      }
    }
    if (node.type === "ForOfStatement") elements.set(node.left, node.right);
    else if (node.type === "VariableDeclaration") {
      const rows = elements.get(node);
      const target = node.kind === "var" ? innerFunction : inner;
      for (const each of node.declarations)
        bind(
          each.id,
          { kind: "variable", node: each, init: rows ?? each.init ?? null },
          target,
          rows === undefined ? [] : ["[]"],
        );
    } else if (node.type === "FunctionDeclaration" && node.id) simple(node.id.name, "function", node, scope);
    else if (node.type === "ClassDeclaration" && node.id) simple(node.id.name, "class", node, scope);
    else if (node.type === "ImportDeclaration") imports(node, inner);
    else if (node.type === "AssignmentExpression") later.push({ node, scope: inner });
    for (const child of children(node)) visit(child, inner, innerFunction);
  };
  const root: Scope = { parent: null, names: new Map() };
  scopes.set(program, root);
  for (const child of children(program)) visit(child, root, root);
  for (const { node, scope } of later)
    if (node.left.type === "Identifier")
      find(scope, node.left.name)?.assigned.push({ operator: node.operator, value: node.right });
  return scopes;
}

export function find(scope: Scope | null, name: string): Binding | null {
  for (let at = scope; at !== null; at = at.parent) {
    const found = at.names.get(name);
    if (found !== undefined) return found;
  }
  return null;
}

export const isFunction = (node: Node): node is t.Function =>
  /Function|^ObjectMethod$|^ClassMethod$|^ClassPrivateMethod$/.test(node.type) && "params" in node && "body" in node;

const opensScope = (node: Node): boolean =>
  isFunction(node) ||
  /^(?:BlockStatement|For\w*Statement|CatchClause|SwitchStatement|StaticBlock|TSModuleBlock)$/.test(node.type);

function simple(name: string, kind: "function" | "class", node: Node, scope: Scope): void {
  scope.names.set(name, { name, kind, node, init: null, path: [], annotation: null, assigned: [] });
}

type Base = Pick<Binding, "kind" | "node" | "init"> & Partial<Binding>;

function bind(pattern: Node, base: Base, scope: Scope, path: readonly string[] = []): void {
  if (pattern.type === "Identifier") {
    const annotation = pattern.typeAnnotation ?? null;
    scope.names.set(pattern.name, { assigned: [], annotation, ...base, path, name: pattern.name });
  } else if (pattern.type === "AssignmentPattern")
    bind(pattern.left, base.init === null ? { ...base, init: pattern.right } : base, scope, path);
  else if (pattern.type === "TSParameterProperty") bind(pattern.parameter, base, scope, path);
  else if (pattern.type === "RestElement") bind(pattern.argument, base, scope, [...path, "..."]);
  else if (pattern.type === "ArrayPattern") {
    for (const [at, each] of pattern.elements.entries()) if (each) bind(each, base, scope, [...path, String(at)]);
  } else if (pattern.type === "ObjectPattern")
    for (const each of pattern.properties)
      if (each.type === "RestElement") bind(each.argument, base, scope, [...path, "..."]);
      else bind(each.value, base, scope, [...path, keyOf(each) ?? "?"]);
}

/** The name of a property, member or method, when it is written down. */
export function keyOf(node: Node): string | null {
  const { key, computed } = node as { key?: Node; computed?: boolean };
  if (key === undefined) return null;
  if (key.type === "StringLiteral") return key.value;
  if (key.type === "TemplateLiteral" && key.expressions.length === 0) return key.quasis[0]!.value.cooked ?? null;
  if (computed === true) return null;
  if (key.type === "Identifier") return key.name;
  if (key.type === "PrivateName") return key.id.name;
  return null;
}

function imports(node: t.ImportDeclaration, scope: Scope): void {
  for (const each of node.specifiers) {
    const imported =
      each.type === "ImportNamespaceSpecifier"
        ? "*"
        : each.type === "ImportDefaultSpecifier"
          ? "default"
          : each.imported.type === "Identifier"
            ? each.imported.name
            : each.imported.value;
    scope.names.set(each.local.name, {
      name: each.local.name,
      kind: "import",
      node: each,
      init: null,
      path: [],
      annotation: null,
      source: node.source.value,
      imported,
      assigned: [],
    });
  }
}
