import { extname } from "node:path";
import { type ParserOptions, parse } from "@babel/parser";
import type * as t from "@babel/types";
import { declare, type Scope } from "./scope.ts";

export type Node = t.Node;

/** A parsed file with what resolving names in it needs. */
export interface Module {
  readonly path: string;
  readonly text: string;
  readonly program: t.File;
  readonly comments: readonly { readonly text: string; readonly line: number; readonly endLine: number }[];
  readonly parents: ReadonlyMap<Node, Node>;
  readonly scopes: ReadonlyMap<Node, Scope>;
  /** Calls of plain names, by name: how a helper of the same file is called. */
  readonly calls: ReadonlyMap<string, readonly t.CallExpression[]>;
}

/** Parses TypeScript or JavaScript. @throws with the parser's message when it cannot */
export function parseModule(path: string, text: string): Module {
  const program = parseText(path, text);
  const parents = new Map<Node, Node>();
  const calls = new Map<string, t.CallExpression[]>();
  const enter = (node: Node): void => {
    if (node.type === "CallExpression" && node.callee.type === "Identifier") {
      const known = calls.get(node.callee.name);
      if (known === undefined) calls.set(node.callee.name, [node]);
      else known.push(node);
    }
    for (const child of children(node)) {
      parents.set(child, node);
      enter(child);
    }
  };
  enter(program);
  return {
    path,
    text,
    program,
    comments: (program.comments ?? []).map(({ value, loc }) => ({
      text: value,
      line: loc!.start.line,
      endLine: loc!.end.line,
    })),
    parents,
    calls,
    scopes: declare(program),
  };
}

function parseText(path: string, text: string): t.File {
  const extension = extname(path);
  const typescript = /^\.[mc]?tsx?$/.test(extension);
  const options = (plugins: ParserOptions["plugins"]): ParserOptions => ({
    sourceType: typescript || extension === ".mjs" ? "module" : "unambiguous",
    plugins: plugins!,
    errorRecovery: true,
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    allowSuperOutsideMethod: true,
    allowUndeclaredExports: true,
  });
  if (typescript) {
    const jsx = extension === ".tsx" ? (["jsx"] as const) : [];
    return parse(text, options(["typescript", "decorators-legacy", "decoratorAutoAccessors", ...jsx]));
  }
  try {
    return parse(text, options(["jsx", "decorators-legacy"]));
  } catch {
    return parse(text, options(["jsx", "flow", "decorators-legacy"]));
  }
}

const skipped = new Set([
  "loc",
  "leadingComments",
  "trailingComments",
  "innerComments",
  "comments",
  "errors",
  "extra",
  "tokens",
]);

/**
 * Where a node keeps its children once they were looked for. A tree is walked several times, and looking through the
 * fields of nodes was half of the work; a weak map of them costs more in garbage collection than it saves.
 */
const kept = Symbol("children");

/** Direct children of a node, in the order of the source. */
export function children(node: Node): readonly Node[] {
  const holder = node as { [kept]?: readonly Node[] };
  holder[kept] ??= fieldsOf(node);
  return holder[kept];
}

function fieldsOf(node: Node): Node[] {
  const found: Node[] = [];
  const fields = node as unknown as Readonly<Record<string, unknown>>;
  for (const key in fields) {
    const value = fields[key];
    if (value === null || typeof value !== "object" || skipped.has(key)) continue;
    if (Array.isArray(value)) {
      for (const each of value) if (isNode(each)) found.push(each);
    } else if (isNode(value)) found.push(value);
  }
  return found;
}

const isNode = (value: unknown): value is Node =>
  value !== null && typeof value === "object" && typeof (value as { type?: unknown }).type === "string";
