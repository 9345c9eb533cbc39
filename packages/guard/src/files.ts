import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { RunbackError } from "@runback/core";

export type Language = "code" | "sql" | "prisma";

export interface SourceFile {
  /** As the user named it, for messages. */
  readonly path: string;
  readonly language: Language;
  readonly text: string;
}

const languages: Readonly<Record<string, Language>> = {
  ...Object.fromEntries(
    ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"].map((each) => [`.${each}`, "code"] as const),
  ),
  ".sql": "sql",
  ".prisma": "prisma",
};

const passedOver = new Set(["node_modules", "bower_components"]);

/**
 * Files below the paths that the guard can read, in a stable order. Installed packages and folders that begin with a dot
 * are passed over, unless they are named.
 * @param excluded paths that are left out, with what is below them
 * @throws `GUARD_PATH_NOT_FOUND`, `GUARD_NOTHING_READ`
 */
export async function sourceFiles(paths: readonly string[], excluded: readonly string[]): Promise<SourceFile[]> {
  const out = new Set(excluded.map((each) => resolve(each)));
  const found = new Map<string, string>();
  for (const path of paths) {
    const kind = await stat(path).catch(() => null);
    if (kind === null)
      throw new RunbackError("GUARD_PATH_NOT_FOUND", `There is nothing at ${path}.`, {
        recovery: "Name files or folders of the sources. Nothing was read: the guard has not passed.",
      });
    if (kind.isDirectory()) await collect(path, out, found);
    else if (languages[extname(path)] !== undefined && !out.has(resolve(path))) found.set(resolve(path), path);
  }
  if (found.size === 0)
    throw new RunbackError("GUARD_NOTHING_READ", `No file that the guard reads is below ${paths.join(", ")}.`, {
      recovery: "Name the folder of the sources. A guard that reads nothing has not passed.",
    });
  const files: SourceFile[] = [];
  for (const [, path] of [...found].sort(([a], [b]) => (a < b ? -1 : 1)))
    files.push({ path, language: languages[extname(path)]!, text: await readFile(path, "utf8") });
  return files;
}

async function collect(folder: string, out: ReadonlySet<string>, found: Map<string, string>): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (out.has(resolve(path))) continue;
    if (entry.isDirectory()) {
      if (!passedOver.has(entry.name) && !entry.name.startsWith(".")) await collect(path, out, found);
    } else if (entry.isFile() && languages[extname(entry.name)] !== undefined) found.set(resolve(path), path);
  }
}
