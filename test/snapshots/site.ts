import { readFileSync } from "node:fs";
import { type Engine, silentLogger } from "@runback/core";
import { openPostgres } from "@runback/engines";
import {
  approve,
  type Context,
  createSnapshot,
  restoreSnapshot,
  showSnapshot,
  verifySnapshot,
} from "@runback/operations";
import { createDatabase } from "../support/database.ts";
import { type EngineName, pooled } from "../support/engines.ts";
import { freshPglite } from "../support/fresh-pglite.ts";
import { skippedEngines } from "../support/skipped.ts";
import { type OpenStore, STORES, type Store } from "../vault/stores.ts";
import { auditTable } from "./audit-table.ts";

/** Engines that take snapshots. */
export const snapshotEngines: readonly EngineName[] = (["postgres", "pgbouncer", "pglite"] as const).filter(
  (name) => !skippedEngines.includes(name),
);

/** Every kind of object that a snapshot carries, with rows. */
export const everyObject = readFileSync(new URL("./every-object.sql", import.meta.url), "utf8");

const auditSql = `CREATE TABLE public."AuditLog" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), action text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}', "createdAt" timestamptz NOT NULL DEFAULT clock_timestamp());`;

export interface OpenDatabase extends AsyncDisposable {
  readonly engine: Engine;
  /** For processes of their own; undefined where a database has one process. */
  readonly url: string | undefined;
}

/** A database without anything in it. */
export async function emptyDatabase(name: EngineName): Promise<OpenDatabase> {
  if (name === "pglite") {
    const engine = await freshPglite();
    return { engine, url: undefined, [Symbol.asyncDispose]: () => engine.close() };
  }
  const database = await createDatabase();
  const engine = openPostgres(name === "pgbouncer" ? pooled(database.url) : database.url, { max: 6 });
  return {
    engine,
    url: database.url,
    [Symbol.asyncDispose]: async () => {
      await engine.close();
      await database.drop();
    },
  };
}

export interface Site extends OpenDatabase {
  readonly context: Context;
  readonly store: OpenStore;
  create(): ReturnType<typeof createSnapshot>;
  verify(snapshotId: string): ReturnType<typeof verifySnapshot>;
  /** With the approval of a second person, unless told otherwise. */
  restore(
    snapshotId: string,
    options?: { approved?: boolean; context?: Partial<Context> },
  ): ReturnType<typeof restoreSnapshot>;
  audit(): Promise<{ action: string; metadata: Record<string, unknown> }[]>;
}

/** A target with tables of users, an audit trail among them, and a vault. */
export async function openSite(name: EngineName, sql: string, vault: Store = STORES[0]!): Promise<Site> {
  const database = await emptyDatabase(name);
  const { engine } = database;
  const store = await vault.open();
  await engine.init();
  await engine.script(auditSql);
  await engine.script(sql);
  await engine.transaction((tx) => engine.protectAudit(tx, auditTable));
  const context: Context = {
    engine,
    vault: store.vault,
    clock: store.clock,
    logger: silentLogger,
    holder: `tests:${process.pid}`,
    isDead: () => false,
  };
  return {
    ...database,
    context,
    store,
    create: () => createSnapshot(context, { operator: "ada", auditTable }),
    verify: (snapshotId) =>
      verifySnapshot(context, {
        snapshotId,
        operator: "ada",
        auditTable,
        openScratch: async () => (await engine.snapshots!.scratch()) ?? (await freshPglite()),
      }),
    restore: async (snapshotId, options = {}) => {
      const digest = (await showSnapshot(context, snapshotId)).sha256;
      const request = { digest, action: "snapshot:restore", requestedBy: "ada", approvedBy: "bob" };
      const approval = options.approved === false ? undefined : (await approve(context, request, auditTable)).id;
      return await restoreSnapshot(
        { ...context, ...options.context },
        {
          ...{ snapshotId, operator: "ada", auditTable, migrations: ["membership"] },
          syncStates: [
            { table: { schema: "public", name: "WaSyncState" }, columns: ["lastFullSync"], reset: ["lastIncSync"] },
          ],
          ...(approval === undefined ? {} : { approval }),
        },
      );
    },
    audit: async () =>
      (
        await engine.query<{ action: string; metadata: Record<string, unknown> }>(
          `SELECT action, metadata FROM public."AuditLog" ORDER BY "createdAt"`,
        )
      ).rows,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await store.close();
    },
  };
}
