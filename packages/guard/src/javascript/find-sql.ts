import { ColumnReader } from "./columns-of.ts";
import { nameOf, stringOf, unwrap } from "./definitions.ts";
import type { Node } from "./parse-module.ts";
import type { Resolver } from "./resolve.ts";

/** A SQL text in code, in each form it may have. What is not known of it stands in it as a hole. */
export interface EmbeddedSql {
  readonly node: Node;
  readonly variants: readonly string[];
}

const spoken = /^(?:console|log|logger|debug|assert|expect|t|chalk)$/i;
const titled =
  /^(?:describe|it|test|suite|bench|expect|toBe|toEqual|toContain|toThrow|toMatch|Error|TypeError|RangeError|debug|warn|error|info|trace)$/;

/** Could this text be a statement that writes? Prose is told from SQL by its shape; the parsers decide the rest. */
export const looksLikeSql = (text: string): boolean =>
  /^[\s;(]*(?:(?:--[^\n]*\n|\/\*[\s\S]*?\*\/)\s*)*(?:explain\s+(?:analyze\s+)?)?(?:with\b[\s\S]*\b(?:update|insert|merge|replace|delete)\b|update\s+\S+[\s\S]*\bset\b|insert\s+(?:or\s+\w+\s+|ignore\s+|low_priority\s+|delayed\s+|high_priority\s+)*into\b|replace\s+into\b|merge\s+into\b|copy\s+\S+[\s\S]*\bfrom\b|load\s+data\b|create\s[\s\S]*\b(?:trigger|function|procedure|rule)\b|do\s+\$|begin\b[\s\S]*;|start\s+transaction|set\s+\w+[\s\S]*;|pragma\b[\s\S]*;|alter\b[\s\S]*;|create\b[\s\S]*;|delete\b[\s\S]*;|drop\b[\s\S]*;|select\b[\s\S]*;)/i.test(
    text,
  );

/** Every text in a file that may be SQL which writes: strings, templates with and without a tag, and what is put together from them. */
export function findSql(resolver: Resolver): EmbeddedSql[] {
  const found: EmbeddedSql[] = [];
  for (const node of resolver.module.parents.keys()) {
    if (!isText(node) || !isWhole(resolver, node) || isSpoken(resolver, node)) continue;
    const variants = new HoleFiller(resolver).variants(node).filter(looksLikeSql);
    if (variants.length > 0) found.push({ node, variants });
  }
  return found;
}

const isText = (node: Node): boolean =>
  node.type === "StringLiteral" ||
  node.type === "TemplateLiteral" ||
  node.type === "TaggedTemplateExpression" ||
  (node.type === "BinaryExpression" && node.operator === "+") ||
  (node.type === "CallExpression" &&
    node.callee.type === "MemberExpression" &&
    nameOf(node.callee) === "join" &&
    unwrap(node.callee.object).type === "ArrayExpression");

/** Is this the whole text, not a piece of one that is looked at as a whole? */
function isWhole(resolver: Resolver, node: Node): boolean {
  const parent = resolver.module.parents.get(node);
  if (parent === undefined) return false;
  if (parent.type === "BinaryExpression" && parent.operator === "+") return false;
  if (parent.type === "TaggedTemplateExpression") return false;
  if (
    /^(?:Import|Export)\w*Declaration$/.test(parent.type) ||
    parent.type === "TSLiteralType" ||
    parent.type === "Directive"
  )
    return false;
  if (parent.type === "ArrayExpression") {
    const up = resolver.module.parents.get(parent);
    if (up?.type === "MemberExpression" && nameOf(up) === "join") return false;
  }
  return true;
}

/** Texts for people: log lines, messages of errors, titles of tests. */
function isSpoken(resolver: Resolver, node: Node): boolean {
  const parent = resolver.module.parents.get(node);
  if (parent?.type === "JSXAttribute" || parent?.type === "JSXExpressionContainer") return true;
  if (parent?.type !== "CallExpression" && parent?.type !== "NewExpression") return false;
  const name = nameOf(parent.callee) ?? "";
  if (titled.test(name) || /Error$/.test(name)) return true;
  return parent.callee.type === "MemberExpression" && spoken.test(nameOf(parent.callee.object) ?? "");
}

class HoleFiller {
  readonly #resolver: Resolver;
  #holes = 0;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  variants(node: Node): string[] {
    const base = this.#appended(node) ?? node;
    return this.#resolver.texts(base, (each, before) => this.#fill(each, before));
  }

  /** `let sql = "UPDATE t SET "; sql += "status = ?"`: the variable is the text. */
  #appended(node: Node): Node | null {
    const parent = this.#resolver.module.parents.get(node);
    if (parent?.type !== "VariableDeclarator" || parent.id.type !== "Identifier") return null;
    const binding = this.#resolver.binding(parent, parent.id.name);
    return binding?.assigned.some(({ operator }) => operator === "+=") ? parent.id : null;
  }

  /** What an interpolation is in SQL: a table, a column, a list of columns, or something that is not known. */
  #fill(expression: Node, before: string): readonly string[] {
    const node = unwrap(expression);
    const table = this.#resolver.table(node);
    const { retired } = this.#resolver.project;
    if (table !== null) return [table.ours ? retired.cutover.table.name : "another_table"];
    if (node.type === "MemberExpression") {
      const owner = this.#resolver.table(node.object);
      const name = nameOf(node);
      if (owner?.ours === true && name !== null) return [owner.definition?.columns.get(name) ?? name];
    }
    if (node.type === "CallExpression") {
      const called = nameOf(node.callee);
      const [first, ...rest] = node.arguments as Node[];
      if (/^(?:identifier|ref|id|table|column|raw|lit|literal|sql|name)$/.test(called ?? "") && first !== undefined) {
        const text = stringOf(first);
        if (text !== null && called !== "lit" && called !== "literal") return [text];
        const variable = first.type === "Identifier" ? this.#resolver.texts(first, () => []) : [];
        if (variable.length > 0) return variable;
      }
      // postgres.js: `set ${sql(patch, "status")}`, `insert into t ${sql(rows)}`
      if (node.callee.type === "Identifier" && first !== undefined) {
        const values = this.#helper(first, rest, before);
        if (values !== null) return [values];
      }
      if (called === "join") {
        const items = this.#resolver.listItems(first ?? node);
        if (
          items !== null &&
          items.length > 0 &&
          items.every((each) => /Template|StringLiteral/.test(unwrap(each).type))
        )
          return [
            items.map((each) => this.#resolver.texts(each, (inner, text) => this.#fill(inner, text))[0]!).join(", "),
          ];
      }
    }
    if (isKnown(node)) return [];
    const inside = this.#resolver.texts(node, () => ["\u0000"]);
    if (inside.length > 0 && inside.every((each) => !each.includes("\u0000"))) return [];
    if (
      node.type === "Identifier" ||
      node.type === "ConditionalExpression" ||
      node.type === "LogicalExpression" ||
      node.type === "CallExpression"
    ) {
      if (inside.some((each) => each !== "\u0000" && each.replaceAll("\u0000", "").trim() !== "")) return [];
    }
    return [this.#hole(before)];
  }

  #hole(before: string): string {
    this.#holes++;
    const name = `rb_hole_${this.#holes}`;
    return /\b(?:values|in)\s*$/i.test(before) ? `(${name})` : name;
  }

  #helper(object: Node, names: readonly Node[], before: string): string | null {
    const listed = names.map(stringOf).filter((each) => each !== null);
    const columns = listed.length > 0 ? listed : this.#keys(object);
    if (columns === null) return null;
    if (/\bset\s*$/i.test(before)) return columns.map((each) => `${each} = NULL`).join(", ");
    if (/\binto\s+\S+\s*$/i.test(before))
      return `(${columns.join(", ")}) VALUES (${columns.map(() => "NULL").join(", ")})`;
    return null;
  }

  #keys(object: Node): string[] | null {
    let node = unwrap(object);
    if (node.type === "Identifier") {
      const binding = this.#resolver.binding(node, node.name);
      if (binding?.init == null || binding.path.length > 0) return null;
      node = unwrap(binding.init);
    }
    const reader = new ColumnReader(this.#resolver, null).read(node);
    if (node.type !== "ObjectExpression" || reader.unknown.length > 0) return null;
    return node.properties.flatMap((each) => this.#resolver.keyName(each) ?? []);
  }
}

/** Can `texts` say what this is? Then it is not a hole. */
const isKnown = (node: Node): boolean =>
  node.type === "StringLiteral" ||
  node.type === "NumericLiteral" ||
  node.type === "TemplateLiteral" ||
  node.type === "TaggedTemplateExpression" ||
  (node.type === "BinaryExpression" && node.operator === "+");
