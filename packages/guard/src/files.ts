import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { RunbackError } from "@runback/core";
import { decode } from "./decode.ts";

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

const languageOf = (path: string): Language | undefined => languages[extname(path).toLowerCase()];

const passedOver = new Set(["node_modules", "bower_components"]);

/**
 * Files below the paths that the guard can read, in a stable order, each once: links are followed. Installed packages and
 * folders that begin with a dot are passed over, unless they are named.
 * @param excluded paths that are left out, with what is below them
 * @throws `GUARD_PATH_NOT_FOUND`, `GUARD_NOTHING_READ`
 */
export async function sourceFiles(paths: readonly string[], excluded: readonly string[]): Promise<SourceFile[]> {
  const out = new Set(excluded.map((each) => resolve(each)));
  const found = new Map<string, string>();
  const seen = new Set<string>();
  for (const path of paths) {
    const kind = await stat(path).catch(() => null);
    if (kind === null)
      throw new RunbackError("GUARD_PATH_NOT_FOUND", `There is nothing at ${path}.`, {
        recovery: "Name files or folders of the sources. Nothing was read: the guard has not passed.",
      });
    if (kind.isDirectory()) await collect(path, out, found, seen);
    else if (languageOf(path) !== undefined && !out.has(resolve(path))) found.set(await realpath(path), path);
  }
  if (found.size === 0)
    throw new RunbackError("GUARD_NOTHING_READ", `No file that the guard reads is below ${paths.join(", ")}.`, {
      recovery: "Name the folder of the sources. A guard that reads nothing has not passed.",
    });
  const files: SourceFile[] = [];
  for (const [, path] of [...found].sort(([a], [b]) => (a < b ? -1 : 1)))
    files.push({ path, language: languageOf(path)!, text: decode(await readFile(path)) });
  return files;
}

/** @param found real path of a file, and the path it is called by · @param seen real paths of folders: links may lead in circles */
async function collect(
  folder: string,
  out: ReadonlySet<string>,
  found: Map<string, string>,
  seen: Set<string>,
): Promise<void> {
  const real = await realpath(folder);
  if (seen.has(real)) return;
  seen.add(real);
  // By name, links last: what is reached both ways is called by its own name.
  const entries = (await readdir(folder, { withFileTypes: true })).sort(
    (a, b) => Number(a.isSymbolicLink()) - Number(b.isSymbolicLink()) || (a.name < b.name ? -1 : 1),
  );
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (out.has(resolve(path))) continue;
    // A link to nothing holds no source.
    const kind = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
    if (kind?.isDirectory()) {
      if (!passedOver.has(entry.name) && !entry.name.startsWith(".")) await collect(path, out, found, seen);
    } else if (kind?.isFile() && languageOf(path) !== undefined) {
      if (!entry.isSymbolicLink()) found.set(join(real, entry.name), path);
      else {
        const led = await realpath(path);
        if (!found.has(led)) found.set(led, path);
      }
    }
  }
}
