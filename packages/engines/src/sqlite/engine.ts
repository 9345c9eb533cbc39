import type { Connection, Engine, SnapshotPort, TransactionOptions } from "@runback/core";
import { applyOwnTables } from "./apply-own-tables.ts";
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
import { store } from "./store.ts";

/** What the driver brings; the rest is SQL. */
export interface SqliteDriver extends Pick<Engine, "name" | "location" | "capabilities" | "dialect" | "close"> {
  readonly connection: Connection;
  readonly snapshots: SnapshotPort;
  /** A writing transaction in a session that enforces no foreign keys. */
  rebuild<T>(work: (tx: Connection) => Promise<T>, lockTimeoutMs: number): Promise<T>;
  transaction<T>(work: (tx: Connection) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

export function sqliteEngine(driver: SqliteDriver): Engine {
  const { connection } = driver;
  return {
    name: driver.name,
    location: driver.location,
    capabilities: driver.capabilities,
    dialect: driver.dialect,
    query: connection.query,
    script: connection.script,
    savepoint: connection.savepoint,
    load: connection.load,
    transaction: (work, options) => driver.transaction(work, options),
    store,
    journal,
    audit,
    diagnosis,
    housekeeping,
    reshape: { ...reshape, transaction: driver.rebuild },
    keyset,
    pressure,
    snapshots: driver.snapshots,
    sessionEnvironment,
    init: () => driver.transaction(applyOwnTables),
    // Every writing transaction has the file's one lock.
    lockInit: async () => {},
    catalog: (tx) => (tx ? readCatalog(tx) : driver.transaction(readCatalog, { readOnly: true })),
    protectAudit,
    digests,
    createTable,
    rowDigest: (alias, table) => liveDigest(alias, imageColumns(table)),
    serverVersion: async () => {
      const { rows } = await connection.query<{ version: string }>("SELECT sqlite_version() AS version");
      return rows[0]!.version;
    },
    close: () => driver.close(),
  };
}
