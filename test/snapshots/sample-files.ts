import { globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";

export type SampleDialect = "postgres" | "mysql" | "sqlite";

/** One database that somebody published: its files of one dialect, in the order they are loaded. */
export interface Sample {
  readonly name: string;
  readonly dialect: SampleDialect;
  readonly files: readonly string[];
}

/** `<folder>/<name>.sql`, or every `.sql` under `<folder>/<name>/`, once for each dialect its authors wrote it in. */
export function samplesIn(folder: string): Sample[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((entry) => {
      const path = join(folder, entry);
      const files = statSync(path).isDirectory() ? globSync(join(path, "**/*.sql")).toSorted() : [path];
      const texts = files
        .filter((file) => file.endsWith(".sql"))
        .map((file) => [file, readFileSync(file, "utf8")] as const);
      return (["postgres", "mysql", "sqlite"] as const).flatMap((dialect): Sample[] => {
        const own = texts.filter(([file, text]) => dialectOf(basename(file), text) === dialect);
        if (own.length === 0) return [];
        // Names sort data before schema.
        const makes = (text: string) => (/^\s*CREATE\s+TABLE\b/im.test(text) ? 0 : 1);
        const ordered = own.toSorted(([, a], [, b]) => makes(a) - makes(b)).map(([file]) => file);
        return [{ name: basename(entry, ".sql"), dialect, files: ordered }];
      });
    });
}

const named: readonly (readonly [RegExp, SampleDialect | null])[] = [
  [/oracle|sqlserver|mssql|db2|firebird/i, null],
  [/postgres|pgsql|pagila/i, "postgres"],
  [/mysql|maria/i, "mysql"],
  [/sqlite/i, "sqlite"],
];

/** By its name where that says so, otherwise by what only one dialect writes; null for one that is not ours. */
export function dialectOf(file: string, text: string): SampleDialect | null {
  const byName = named.find(([pattern]) => pattern.test(file));
  if (byName) return byName[1];
  if (/^\s*GO\s*$/m.test(text) || /\bVARCHAR2\b/i.test(text)) return null;
  if (
    /\bAUTO_INCREMENT\b|\bENGINE\s*=|^\s*DELIMITER\b|CREATE\s+TABLE\s+(IF NOT EXISTS\s+)?`|INTO\s+`|^\s*USE\s+\w+\s*;/im.test(
      text,
    )
  )
    return "mysql";
  if (/^\s*PRAGMA\b|\bAUTOINCREMENT\b|^\s*ATTACH\b/im.test(text)) return "sqlite";
  return "postgres";
}

/** Authors make a database of their own and go there; the test has one already. */
export function inThisDatabase(dialect: SampleDialect, text: string): string {
  if (dialect === "postgres")
    return text.replace(/^\s*(?:CREATE|DROP|ALTER)\s+DATABASE\b[^;]*;/gim, "").replace(/^\\(?:c|connect)\b.*$/gm, "");
  if (dialect === "mysql")
    return text.replace(/^\s*(?:(?:CREATE|DROP|ALTER)\s+(?:DATABASE|SCHEMA)\b|USE\s)[^;]*;/gim, "");
  return text;
}
