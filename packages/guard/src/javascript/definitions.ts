import { type RetiredColumn, snake } from "../retired-column.ts";
import { children, type Module, type Node } from "./parse-module.ts";
import { isFunction, keyOf } from "./scope.ts";

/** A table as code defines it: which of its properties are the two columns. */
export interface Definition {
  /** `other` for a table the guard does not watch: then the name is known not to be it. */
  readonly ours: boolean;
  /** Property by column, in snake case: `status_legacy` → `status`. */
  readonly columns: ReadonlyMap<string, string>;
  readonly entity: boolean;
}

/**
 * Reads `pgTable("event_attendance", { statusLegacy: text("status") })` and its sisters, `new EntitySchema({ … })` and
 * `@Entity("event_attendance") class …`.
 */
export function definitionOf(node: Node, retired: RetiredColumn): Definition | null {
  if (node.type === "CallExpression") return drizzleTable(node, retired);
  if (node.type === "NewExpression") return entitySchema(node, retired);
  if (node.type === "ClassDeclaration" || node.type === "ClassExpression") return entityClass(node, retired);
  return null;
}

function drizzleTable(node: Extract<Node, { type: "CallExpression" }>, retired: RetiredColumn): Definition | null {
  const [name, columns] = node.arguments;
  const text = stringOf(name);
  if (text === null || columns === undefined) return null;
  const object = isFunction(columns) ? returned(columns) : columns;
  if (object?.type !== "ObjectExpression") return null;
  const called =
    node.callee.type === "MemberExpression" ? keyOf({ key: node.callee.property } as never) : nameOf(node.callee);
  if (called === null || !/table/i.test(called)) return null;
  return {
    ours: retired.isTable(text),
    entity: false,
    columns: new Map(
      object.properties.flatMap((property) => {
        const key = keyOf(property);
        if (key === null || property.type !== "ObjectProperty") return [];
        return [[key, snake(columnName(property.value) ?? key)] as const];
      }),
    ),
  };
}

/** `text("status").notNull()`: the first argument of the innermost call, when it is a text. */
function columnName(node: Node): string | null {
  let at: Node = node;
  while (
    at.type === "CallExpression" &&
    at.callee.type === "MemberExpression" &&
    at.callee.object.type === "CallExpression"
  )
    at = at.callee.object;
  return at.type === "CallExpression" ? stringOf(at.arguments[0]) : null;
}

function entitySchema(node: Extract<Node, { type: "NewExpression" }>, retired: RetiredColumn): Definition | null {
  const [options] = node.arguments;
  if (nameOf(node.callee) !== "EntitySchema" || options?.type !== "ObjectExpression") return null;
  const name = stringOf(property(options, "tableName")) ?? stringOf(property(options, "name"));
  const columns = property(options, "columns") ?? property(options, "properties");
  if (name === null || columns?.type !== "ObjectExpression") return null;
  return {
    ours: retired.isTable(name) || retired.isModel(name),
    entity: true,
    columns: new Map(
      columns.properties.flatMap((each) => {
        const key = keyOf(each);
        if (key === null || each.type !== "ObjectProperty") return [];
        const named = each.value.type === "ObjectExpression" ? nameIn(each.value) : null;
        return [[key, snake(named ?? key)] as const];
      }),
    ),
  };
}

const nameIn = (options: Node): string | null =>
  options.type === "ObjectExpression"
    ? (stringOf(property(options, "name")) ??
      stringOf(property(options, "fieldName")) ??
      stringOf(property(options, "field")))
    : null;

function entityClass(node: Node, retired: RetiredColumn): Definition | null {
  const { decorators, body, id } = node as Extract<Node, { type: "ClassDeclaration" }>;
  const entity = (decorators ?? [])
    .map(({ expression }) => expression)
    .find((each) => each.type === "CallExpression" && /^(?:Entity|Table)$/.test(nameOf(each.callee) ?? ""));
  if (entity?.type !== "CallExpression") return null;
  const options = entity.arguments.find((each) => each.type === "ObjectExpression");
  const named =
    stringOf(entity.arguments[0]) ??
    (options === undefined ? null : (stringOf(property(options, "name")) ?? stringOf(property(options, "tableName"))));
  const ours = named === null ? retired.isModel(id?.name ?? "") : retired.isTable(named);
  const columns = new Map<string, string>();
  for (const member of body.body) {
    const key = keyOf(member);
    if (key === null) continue;
    const decorator = ("decorators" in member ? (member.decorators ?? []) : [])
      .map(({ expression }) => expression)
      .find((each) => each.type === "CallExpression" && /Column$|^Property$|^Enum$/.test(nameOf(each.callee) ?? ""));
    if (decorator?.type !== "CallExpression") continue;
    const given = decorator.arguments.find((each) => each.type === "ObjectExpression");
    columns.set(key, snake((given === undefined ? null : nameIn(given)) ?? key));
  }
  return { ours, columns, entity: true };
}

export function property(object: Node, name: string): Node | undefined {
  if (object.type !== "ObjectExpression") return undefined;
  const found = object.properties.find((each) => keyOf(each) === name);
  return found?.type === "ObjectProperty" ? found.value : found;
}

export function stringOf(node: Node | undefined | null): string | null {
  if (node?.type === "StringLiteral") return node.value;
  if (node?.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0]!.value.cooked ?? null;
  return null;
}

export function nameOf(node: Node): string | null {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression" || node.type === "OptionalMemberExpression")
    return node.property.type === "Identifier" && !node.computed ? node.property.name : stringOf(node.property);
  return null;
}

/** What an arrow function returns, when there is one such value. */
export function returned(node: Node): Node | null {
  if (!isFunction(node)) return null;
  if (node.body.type !== "BlockStatement") return unwrap(node.body);
  const found = returnsOf(node);
  return found.length === 1 ? found[0]! : null;
}

/** Every value a function returns, not those of functions inside it. */
export function returnsOf(node: Node): Node[] {
  if (!isFunction(node)) return [];
  if (node.body.type !== "BlockStatement") return [unwrap(node.body)];
  const found: Node[] = [];
  const visit = (at: Node): void => {
    if (at !== node && isFunction(at)) return;
    if (at.type === "ReturnStatement" && at.argument) found.push(unwrap(at.argument));
    for (const child of children(at)) visit(child);
  };
  for (const statement of node.body.body) visit(statement);
  return found;
}

/** Without what changes nothing: brackets, `as`, `satisfies`, `!`, `await`. */
export function unwrap(node: Node): Node {
  let at = node;
  while (
    at.type === "ParenthesizedExpression" ||
    at.type === "TSAsExpression" ||
    at.type === "TSSatisfiesExpression" ||
    at.type === "TSNonNullExpression" ||
    at.type === "TSTypeAssertion" ||
    at.type === "AwaitExpression" ||
    at.type === "TypeCastExpression"
  )
    at = at.type === "AwaitExpression" ? at.argument : at.expression;
  return at;
}

/** Definitions that a file makes, by the name of the variable or class. */
export function definitionsIn(module: Module, retired: RetiredColumn): Map<string, Definition> {
  const found = new Map<string, Definition>();
  for (const node of module.parents.keys()) {
    if (node.type === "VariableDeclarator" && node.id.type === "Identifier" && node.init) {
      const definition = definitionOf(unwrap(node.init), retired);
      if (definition !== null) found.set(node.id.name, definition);
    } else if (node.type === "ClassDeclaration" && node.id) {
      const definition = definitionOf(node, retired);
      if (definition !== null) found.set(node.id.name, definition);
    }
  }
  return found;
}
