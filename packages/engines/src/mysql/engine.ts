import type { Connection, Engine, TransactionOptions } from "@runback/core";
import { applyOwnTables, lockInit } from "./apply-own-tables.ts";
import { audit } from "./audit.ts";
import { createTable } from "./create-table.ts";
import { diagnosis } from "./diagnosis.ts";
import { digests } from "./digests.ts";
import { housekeeping } from "./housekeeping.ts";
import { journal } from "./journal.ts";
import { keyset } from "./keyset.ts";
import { pressure } from "./pressure.ts";
import { protectAudit } from "./protect-audit.ts";
import { readCatalog } from "./read-catalog.ts";
import { reshape } from "./reshape.ts";
import { imageColumns, liveDigest } from "./row-image.ts";
import { sessionEnvironment } from "./session-environment.ts";
import { recover, type SnapshotDriver, snapshots } from "./snapshots.ts";
import { store } from "./store.ts";

/** What the driver brings. */
export interface MysqlDriver
  extends Pick<Engine, "name" | "location" | "capabilities" | "dialect" | "close">,
    SnapshotDriver {
  readonly connection: Connection;
  transaction<T>(work: (tx: Connection) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

export function mysqlEngine(driver: MysqlDriver): Engine {
  return {
    name: driver.name,
    location: driver.location,
    capabilities: driver.capabilities,
    dialect: driver.dialect,
    query: driver.connection.query,
    script: driver.connection.script,
    savepoint: driver.connection.savepoint,
    load: driver.connection.load,
    transaction: (work, options) => driver.transaction(work, options),
    store,
    journal,
    audit,
    diagnosis,
    housekeeping,
    reshape: { ...reshape, transaction: (work, lockTimeoutMs) => driver.transaction(work, { lockTimeoutMs }) },
    keyset,
    pressure,
    snapshots: snapshots(driver),
    sessionEnvironment,
    init: async () => {
      const applied = await driver.transaction(applyOwnTables);
      await recover(driver);
      return applied;
    },
    lockInit,
    catalog: (tx) => (tx ? readCatalog(tx) : driver.transaction(readCatalog)),
    protectAudit,
    digests,
    createTable,
    rowDigest: (alias, table) => liveDigest(alias, imageColumns(table)),
    serverVersion: async () => {
      const { rows } = await driver.connection.query<{ version: string }>("SELECT version() AS version");
      return rows[0]!.version;
    },
    close: () => driver.close(),
  };
}
