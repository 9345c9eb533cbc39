import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sourceFiles } from "./files.ts";

const sql = "UPDATE event_attendance SET status = 'dna';\n";
let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runback-guard-files-"));
  for (const name of ["src", "shared", "node_modules"]) mkdirSync(at(name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("links are followed, each file is read once, and circles end", async () => {
  writeFileSync(at("shared", "repair.sql"), sql);
  writeFileSync(at("src", "own.ts"), "export {};\n");
  writeFileSync(at("src", "UPPER.SQL"), sql);
  symlinkSync(at("shared"), at("src", "linked"));
  symlinkSync(at("src"), at("src", "circle"));
  symlinkSync(at("shared", "repair.sql"), at("src", "again.sql"));
  symlinkSync(at("nowhere.sql"), at("src", "broken.sql"));
  symlinkSync(at("shared"), at("src", "node_modules"));
  const names = async (...paths: string[]) =>
    (await sourceFiles(paths, [])).map(({ path }) => path.slice(folder.length + 1)).sort();
  expect(await names(at("src"))).toHaveLength(3);
  expect(await names(at("src"))).toEqual(expect.arrayContaining(["src/UPPER.SQL", "src/own.ts"]));
  expect(await names(at("shared"), at("src"))).toEqual(["shared/repair.sql", "src/UPPER.SQL", "src/own.ts"]);
});

test.each<[string, Buffer]>([
  ["UTF-8", Buffer.from(sql)],
  ["UTF-16 of little end with its mark", Buffer.from(`\ufeff${sql}`, "utf16le")],
  ["UTF-16 of big end with its mark", Buffer.from(`\ufeff${sql}`, "utf16le").swap16()],
  ["UTF-16 of little end", Buffer.from(sql, "utf16le")],
  ["UTF-16 of big end", Buffer.from(sql, "utf16le").swap16()],
])("a file in %s is read as what it says", async (_, bytes) => {
  writeFileSync(at("encoded.sql"), bytes);
  expect((await sourceFiles([at("encoded.sql")], []))[0]?.text).toBe(sql);
});
