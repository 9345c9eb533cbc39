import { dirname, resolve } from "node:path";
import type * as t from "@babel/types";
import type { PrismaModel } from "../prisma-schema.ts";
import type { RetiredColumn } from "../retired-column.ts";
import { type Definition, definitionOf, definitionsIn, unwrap } from "./definitions.ts";
import type { Module } from "./parse-module.ts";
import { keyOf } from "./scope.ts";

/** The modules that are read together, and where names imported between them lead. */
export class Project {
  readonly retired: RetiredColumn;
  readonly models: readonly PrismaModel[];
  readonly #modules = new Map<string, Module>();
  readonly #definitions = new Map<string, Map<string, Definition>>();
  /** Every file that is read at all, parsed or not. */
  readonly #files: ReadonlySet<string>;

  constructor(retired: RetiredColumn, models: readonly PrismaModel[], files: Iterable<string>) {
    this.retired = retired;
    this.models = models;
    this.#files = new Set(files);
  }

  add(module: Module): void {
    this.#names = null;
    this.#modules.set(resolve(module.path), module);
    this.#definitions.set(resolve(module.path), definitionsIn(module, this.retired));
  }

  get modules(): Iterable<Module> {
    return this.#modules.values();
  }

  has(path: string): boolean {
    return this.#modules.has(resolve(path));
  }

  /** Names under which the table is exported anywhere: a file that has one of them is worth parsing. */
  names(): ReadonlySet<string> {
    this.#names ??= this.#findNames();
    return this.#names;
  }

  #names: Set<string> | null = null;

  #findNames(): Set<string> {
    const found = new Set<string>();
    for (const definitions of this.#definitions.values())
      for (const [name, { ours }] of definitions) if (ours) found.add(name);
    // What is exported again under another name may be so once more.
    for (let before = -1; before !== found.size; ) {
      before = found.size;
      for (const module of this.#modules.values())
        for (const [exported, local] of exportsOf(module)) if (found.has(local)) found.add(exported);
    }
    return found;
  }

  local(module: Module, name: string): Definition | null {
    return this.#definitions.get(resolve(module.path))?.get(name) ?? null;
  }

  /** @returns the table's definition, `null` when the name is something else, `unknown` when the module is not read */
  imported(module: Module, source: string, name: string): Definition | null | "unknown" {
    const path = this.#resolve(module, source);
    if (path !== null) return this.#exported(path, name, new Set());
    for (const [file, definitions] of this.#definitions)
      for (const [exported, local] of [...exportsOf(this.#modules.get(file)!), ...named(definitions)])
        if (exported === name && definitions.get(local)?.ours === true) return definitions.get(local)!;
    return "unknown";
  }

  #exported(path: string, name: string, seen: Set<string>): Definition | null | "unknown" {
    const module = this.#modules.get(path);
    if (seen.has(path)) return null;
    seen.add(path);
    // A file without any of the table's names was not parsed: nothing in it is the table.
    if (module === undefined) return null;
    const definitions = this.#definitions.get(path)!;
    if (definitions.has(name)) return definitions.get(name)!;
    let answer: Definition | null | "unknown" = null;
    for (const statement of module.program.program.body) {
      if (statement.type === "ExportNamedDeclaration") {
        for (const each of statement.specifiers) {
          if (each.type !== "ExportSpecifier") continue;
          const exported = nameOfExport(each.exported);
          if (exported !== name) continue;
          if (statement.source) return this.#follow(module, statement.source.value, nameOfExport(each.local), seen);
          if (definitions.has(nameOfExport(each.local))) return definitions.get(nameOfExport(each.local))!;
          const from = importOf(module, nameOfExport(each.local));
          if (from !== null) return this.#follow(module, from.source, from.imported, seen);
        }
      } else if (statement.type === "ExportAllDeclaration") {
        const through = this.#follow(module, statement.source.value, name, seen);
        if (through !== null && through !== "unknown") return through;
        if (through === "unknown") answer = "unknown";
      } else if (statement.type === "ExportDefaultDeclaration" && name === "default") {
        const { declaration } = statement;
        if (declaration.type === "Identifier") return definitions.get(declaration.name) ?? null;
        return definitionOf(unwrap(declaration), this.retired);
      }
    }
    return answer;
  }

  #follow(module: Module, source: string, name: string, seen: Set<string>): Definition | null | "unknown" {
    const path = this.#resolve(module, source);
    return path === null ? "unknown" : this.#exported(path, name, seen);
  }

  /** The file a relative import leads to, among those that are read. */
  #resolve(module: Module, source: string): string | null {
    if (!source.startsWith(".")) return null;
    const base = resolve(dirname(module.path), source);
    const bare = base.replace(/\.[mc]?jsx?$/, "");
    const extensions = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];
    return (
      [base, ...extensions.flatMap((each) => [`${bare}.${each}`, `${base}.${each}`, `${base}/index.${each}`])].find(
        (each) => this.#files.has(each),
      ) ?? null
    );
  }
}

const named = (definitions: ReadonlyMap<string, Definition>): [string, string][] =>
  [...definitions.keys()].map((name) => [name, name]);

/** Exported name and local name of what a file exports under another name. */
function exportsOf(module: Module): [string, string][] {
  return module.program.program.body.flatMap((statement): [string, string][] => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    return statement.specifiers.flatMap((each): [string, string][] =>
      each.type === "ExportSpecifier" ? [[nameOfExport(each.exported), nameOfExport(each.local)]] : [],
    );
  });
}

function importOf(module: Module, local: string): { source: string; imported: string } | null {
  for (const statement of module.program.program.body) {
    if (statement.type !== "ImportDeclaration") continue;
    for (const each of statement.specifiers)
      if (each.local.name === local && each.type === "ImportSpecifier")
        return { source: statement.source.value, imported: keyOf({ key: each.imported } as never) ?? local };
  }
  return null;
}

const nameOfExport = (exported: t.Identifier | t.StringLiteral): string =>
  exported.type === "Identifier" ? exported.name : exported.value;
