import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "@runback/core";
import { openMysql, openPostgres, openSqlite } from "@runback/engines";
import { inject } from "vitest";
import { freshDataApi } from "../data-api/fresh-data-api.ts";
import { createDatabase, templateDatabase } from "./database.ts";
import { freshPglite } from "./fresh-pglite.ts";
import { createMysqlDatabase } from "./mysql-database.ts";
import { skippedEngines } from "./skipped.ts";

export interface TestTarget extends AsyncDisposable {
  readonly engine: Engine;
}

const all = ["postgres", "pgbouncer", "pglite", "data-api", "mysql", "sqlite"] as const;

export type EngineName = (typeof all)[number];

/** Every engine, and `postgres` once more through a pooler in transaction mode. A new engine is one line here. */
export const engineNames: readonly EngineName[] = all.filter((name) => !skippedEngines.includes(name));

/** A fresh target with Runback's own tables. */
export async function freshTarget(name: EngineName): Promise<TestTarget> {
  if (name === "mysql") return await freshMysql();
  if (name === "pglite") {
    const engine = await freshPglite();
    await engine.init();
    return { engine, [Symbol.asyncDispose]: () => engine.close() };
  }
  if (name === "data-api") {
    const target = await freshDataApi();
    await target.engine.init();
    return target;
  }
  if (name === "sqlite") return await freshSqlite();
  // Through the pooler the tables are made anew: that way of making them is not tried anywhere else.
  const database = await createDatabase(name === "pgbouncer" ? {} : { template: await ownTables() });
  const engine = openPostgres(name === "pgbouncer" ? pooled(database.url) : database.url);
  await engine.init();
  return {
    engine,
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await database.drop();
    },
  };
}

function ownTables(): Promise<string> {
  return templateDatabase("engines: own tables", async (url) => {
    const engine = openPostgres(url);
    await engine.init();
    await engine.close();
  });
}

/** The same database through the pooler. @throws when there is none */
export function pooled(databaseUrl: string): string {
  const pooler = inject("pgbouncer");
  if ("missing" in pooler) throw new Error(pooler.missing);
  const url = new URL(databaseUrl);
  url.port = String(pooler.port);
  return url.href;
}

/** A SQLite file of its own, in the folder for temporary files. */
export async function freshSqlite(): Promise<TestTarget & { readonly url: string }> {
  const path = join(tmpdir(), `runback-test-${randomBytes(6).toString("hex")}.db`);
  const url = `sqlite://${path}`;
  const engine = openSqlite(url);
  await engine.init();
  return {
    engine,
    url,
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      for (const file of [path, `${path}-wal`, `${path}-shm`]) await rm(file, { force: true });
    },
  };
}

async function freshMysql(): Promise<TestTarget> {
  const database = await createMysqlDatabase();
  const engine = openMysql(database.url);
  await engine.init();
  return {
    engine,
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await database.drop();
    },
  };
}
