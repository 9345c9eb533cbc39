import { type Engine, silentLogger } from "@runback/core";
import {
  approve,
  type Context,
  createSnapshot,
  restoreSnapshot,
  showSnapshot,
  verifySnapshot,
} from "@runback/operations";
import { rotatedEngines } from "../support/rotated-engines.ts";
import { type OpenStore, STORES, type Store } from "../vault/stores.ts";
import { auditTable } from "./audit-table.ts";
import { mysql } from "./fixtures/mysql.ts";
import { dataApi, pgbouncer, pglite, postgres } from "./fixtures/postgres.ts";
import type { OpenDatabase, SnapshotFixture } from "./fixtures/snapshot-fixture.ts";
import { sqlite } from "./fixtures/sqlite.ts";

/** Engines that take snapshots. */
export const fixtures = { postgres, pgbouncer, pglite, "data-api": dataApi, mysql, sqlite } satisfies Record<
  string,
  SnapshotFixture
>;

export type SnapshotEngine = keyof typeof fixtures;

/** Those that this run asks: of the ways to reach a PostgreSQL one more than the server, another each time, or all of them. */
export const snapshotEngines = (Object.keys(fixtures) as SnapshotEngine[]).filter((name) =>
  rotatedEngines.includes(name),
);

/** PostgreSQL's, for comparing with its own tools. */
export const { everyObject } = postgres;

/** A database without anything in it. */
export async function emptyDatabase(name: SnapshotEngine): Promise<OpenDatabase> {
  return await fixtures[name].open();
}

export interface Site extends OpenDatabase {
  readonly fixture: SnapshotFixture;
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
export async function openSite(name: SnapshotEngine, sql: string, vault: Store = STORES[0]!): Promise<Site> {
  const fixture: SnapshotFixture = fixtures[name];
  const database = await fixture.open();
  const { engine } = database;
  const store = await vault.open();
  await engine.init();
  await engine.script(fixture.audit);
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
    fixture,
    context,
    store,
    create: () => createSnapshot(context, { operator: "ada", auditTable }),
    verify: (snapshotId) =>
      verifySnapshot(context, {
        snapshotId,
        operator: "ada",
        auditTable,
        openScratch: () => openScratch(engine, fixture),
      }),
    restore: async (snapshotId, options = {}) => {
      const used = { ...context, ...options.context };
      const digest = (await showSnapshot(used, snapshotId)).sha256;
      const request = { digest, action: "snapshot:restore", requestedBy: "ada", approvedBy: "bob" };
      const approval = options.approved === false ? undefined : (await approve(context, request, auditTable)).id;
      return await restoreSnapshot(used, {
        ...{ snapshotId, operator: "ada", auditTable, migrations: ["membership"] },
        syncStates: [
          { table: { schema: "public", name: "WaSyncState" }, columns: ["lastFullSync"], reset: ["lastIncSync"] },
        ],
        ...(approval === undefined ? {} : { approval }),
      });
    },
    audit: async () => {
      const { dialect } = engine;
      const { rows } = await engine.query<{ action: string; metadata: Record<string, unknown> | string }>(
        `SELECT action, metadata FROM ${dialect.table(auditTable)} ORDER BY ${dialect.id("createdAt")}`,
      );
      return rows.map(({ action, metadata }) => ({
        action,
        metadata: typeof metadata === "string" ? (JSON.parse(metadata) as Record<string, unknown>) : metadata,
      }));
    },
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await store.close();
    },
  };
}

/** @throws when the engine makes no database beside and the fixture names no other place */
export async function openScratch(engine: Engine, fixture: SnapshotFixture): Promise<Engine> {
  const scratch = (await engine.snapshots!.scratch()) ?? (await fixture.openScratch?.());
  if (scratch === undefined) throw new Error("there is no place to prove a snapshot in");
  return scratch;
}
