import type { Connection, Engine, TransactionOptions } from "@runback/core";
import { applyOwnTables, lockInit } from "./apply-own-tables.ts";
import { audit } from "./audit.ts";
import { createTable } from "./create-table.ts";
import { diagnosis } from "./diagnosis.ts";
import { digests } from "./digests.ts";
import { freeze } from "./freeze.ts";
import { housekeeping } from "./housekeeping.ts";
import { journal } from "./journal.ts";
import { keyset } from "./keyset.ts";
import { pressure } from "./pressure.ts";
import { protectAudit } from "./protect-audit.ts";
import { readCatalog } from "./read-catalog.ts";
import { reshape } from "./reshape.ts";
import { imageColumns, liveDigest } from "./row-image.ts";
import { sessionEnvironment } from "./session-environment.ts";
import { type SnapshotDriver, snapshots } from "./snapshots.ts";
import { store } from "./store.ts";
import { updateAdvice } from "./update-advice.ts";

/** What a driver brings; everything else is the same for every server that speaks PostgreSQL's SQL. */
export interface PostgresDriver extends Pick<Engine, "name" | "location" | "capabilities" | "dialect" | "close"> {
  readonly connection: Connection;
  transaction<T>(work: (tx: Connection) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Where whole tables can be moved as bytes. */
  readonly copies?: SnapshotDriver;
}

export function postgresEngine(driver: PostgresDriver): Engine {
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
    updateAdvice,
    ...(driver.copies === undefined ? {} : { snapshots: snapshots(driver.copies) }),
    freeze,
    sessionEnvironment,
    init: () => driver.transaction(applyOwnTables),
    lockInit,
    catalog: (tx) => (tx ? readCatalog(tx) : driver.transaction(readCatalog)),
    protectAudit,
    digests,
    createTable,
    rowDigest: (alias, table) => liveDigest(alias, imageColumns(table)),
    serverVersion: async () => {
      const version = await driver.connection.query<{ version: string }>(
        "SELECT current_setting('server_version') AS version",
      );
      return version.rows[0]!.version;
    },
    close: () => driver.close(),
  };
}
