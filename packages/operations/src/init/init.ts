import type { ImportDeclaration, SeedDeclaration, TableRef } from "@runback/core";
import type { Context } from "../context.ts";

export interface InitResult {
  /** Changes to Runback's own tables that were applied now. */
  readonly applied: readonly string[];
  /** Tables of the migration's model that were missing and are there now. */
  readonly created: readonly string[];
}

/**
 * Makes a target ready: Runback's own tables, the migration's model where tables are missing, seeds, the append-only
 * audit table. Idempotent, any number at once.
 */
export async function init({ engine }: Pick<Context, "engine">, declaration: ImportDeclaration): Promise<InitResult> {
  const applied = await engine.init();
  const before = await engine.catalog();
  const missing = declaration.model.filter(
    (model) => !before.tables.some((table) => table.schema === model.schema && table.name === model.name),
  );
  await engine.transaction(async (tx) => {
    // The same lock as for own tables: two inits creating one table would meet in the catalog's unique index.
    await engine.lockInit(tx);
    for (const model of declaration.model) await engine.createTable(tx, model);
    for (const seed of declaration.seeds) await insertMissing({ engine }, tx, seed);
    await engine.protectAudit(tx, declaration.auditTable);
  });
  return { applied, created: missing.map((model) => model.name) };
}

/** Makes a target ready where nothing is imported: Runback's own tables and the audit table. */
export async function initTrail({ engine }: Pick<Context, "engine">, auditTable: TableRef): Promise<InitResult> {
  const applied = await engine.init();
  await engine.transaction(async (tx) => {
    await engine.lockInit(tx);
    await engine.protectAudit(tx, auditTable);
  });
  return { applied, created: [] };
}

async function insertMissing(
  { engine }: Pick<Context, "engine">,
  tx: Parameters<Parameters<typeof engine.transaction>[0]>[0],
  seed: SeedDeclaration,
): Promise<void> {
  const { dialect } = engine;
  const there = await tx.query<{ key: string }>(
    `SELECT ${dialect.cast(dialect.id(seed.key), "text")} AS key FROM ${dialect.table(seed.table)}`,
  );
  const known = new Set(there.rows.map((row) => row.key));
  for (const row of seed.rows.filter((each) => !known.has(String(each[seed.key])))) {
    const columns = Object.keys(row);
    await tx.query(
      `INSERT INTO ${dialect.table(seed.table)} (${columns.map(dialect.id).join(", ")}) VALUES (${columns.map((_, at) => dialect.param(at + 1)).join(", ")})`,
      Object.values(row),
    );
  }
}
