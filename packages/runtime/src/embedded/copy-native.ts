import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";

/**
 * Copies the folder with PostgreSQL's programs, libraries and templates so that every account can read and run it, with
 * the symbolic links that the package lists. It gets its name when complete: a copy cut short is never taken for one.
 */
export function copyNative(native: string, target: string): void {
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirReadable(partial);
  for (const entry of readdirSync(native, { withFileTypes: true, recursive: true })) {
    const source = join(entry.parentPath, entry.name);
    const copy = join(partial, relative(native, source));
    if (entry.isDirectory()) mkdirReadable(copy);
    if (entry.isFile()) copyReadable(source, copy, basename(entry.parentPath) === "bin" ? 0o755 : 0o644);
  }
  for (const { source, target: link } of symbolicLinks(native)) {
    const path = join(partial, relative("native", link));
    symlinkSync(relative(dirname(link), source), path);
  }
  renameSync(partial, target);
}

/** Whatever the umask. */
function mkdirReadable(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
}

/** A hard link saves 60 MB a clone, but shares its mode with the original, which is not ours to change. */
function copyReadable(source: string, copy: string, mode: number): void {
  if ((statSync(source).mode & mode) === mode) {
    try {
      linkSync(source, copy);
      return;
    } catch {
      // Another file system, or one without hard links.
    }
  }
  copyFileSync(source, copy);
  chmodSync(copy, mode);
}

/** npm does not pack symbolic links: the package lists them, relative to its own root. */
function symbolicLinks(native: string): { source: string; target: string }[] {
  const list = join(native, "pg-symlinks.json");
  return existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) : [];
}
