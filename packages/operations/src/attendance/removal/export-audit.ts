import { createHash, randomBytes } from "node:crypto";
import {
  type Connection,
  type Engine,
  qualifiedName,
  RunbackError,
  type Table,
  type TableRef,
  type Vault,
} from "@runback/core";
import { anchorRetention } from "../../audit/anchor.ts";
import type { Context } from "../../context.ts";

/** The audit rows as they left the target: JSON lines in the vault. */
export interface AuditExport {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the whole object, lower-case hex. */
  readonly sha256: string;
}

const pageRows = 5_000;

/**
 * Writes every row of the audit to the vault, one JSON object a line in the order of ids, each value as the database prints it.
 * Then reads it back: what does not come back as it was written is no export.
 *
 * @throws `ATTENDANCE_EXPORT_UNVERIFIED`, whatever the vault throws
 */
export async function exportAuditRows(
  { engine, vault, clock }: Context,
  tx: Connection,
  { table, as, runId }: { readonly table: Table; readonly as: TableRef; readonly runId: string },
): Promise<AuditExport> {
  const folder = `attendance/exports/${runId}`;
  const key = `${folder}/${as.name}-${randomBytes(3).toString("hex")}.jsonl`;
  let rows = 0;
  const lines = async function* () {
    for await (const page of pages(engine, tx, table)) {
      rows += page.length;
      yield Buffer.from(page.map((row) => `${JSON.stringify(row)}\n`).join(""));
    }
  };
  const retainUntil = anchorRetention(clock.now());
  const written = await putLocked(vault, key, lines, "application/x-ndjson", retainUntil, () => {
    rows = 0;
  });
  const stored = await readBack(vault, key);
  const live = await countRows(engine, tx, table);
  if (stored.sha256 !== written.sha256 || stored.lines !== rows || rows !== live) {
    throw new RunbackError(
      "ATTENDANCE_EXPORT_UNVERIFIED",
      `The export of ${qualifiedName(as)} does not come back as it was written: ${stored.lines} of ${live} rows.`,
      { recovery: "Nothing was removed. Look at the vault, then try again.", exit: 1, status: 409 },
    );
  }
  const result: AuditExport = { key, rows, bytes: written.bytes, sha256: written.sha256 };
  const columns = table.columns.map(({ name, type }) => ({ name, type }));
  const about = { runId, relation: qualifiedName(as), at: clock.now().toISOString(), columns, ...result };
  const manifest = async function* () {
    yield Buffer.from(`${JSON.stringify(about, null, 2)}\n`);
  };
  await putLocked(vault, `${key}.manifest.json`, manifest, "application/json", retainUntil, () => {});
  return result;
}

/** Locked where the vault locks. A vault that has no locks says so at the first byte. */
async function putLocked(
  vault: Vault,
  key: string,
  body: () => AsyncIterable<Uint8Array>,
  contentType: string,
  retainUntil: Date,
  again: () => void,
) {
  try {
    return await vault.put(key, body(), { contentType, ifAbsent: true, retainUntil });
  } catch (error) {
    if (!(error instanceof RunbackError) || error.code !== "VAULT_LOCK_UNSUPPORTED") throw error;
    again();
    return await vault.put(key, body(), { contentType, ifAbsent: true });
  }
}

async function readBack(vault: Vault, key: string): Promise<{ sha256: string; lines: number }> {
  const hash = createHash("sha256");
  let lines = 0;
  for await (const chunk of vault.get(key)) {
    hash.update(chunk);
    for (const byte of chunk) if (byte === 10) lines++;
  }
  return { sha256: hash.digest("hex"), lines };
}

async function countRows({ dialect }: Engine, tx: Connection, table: Table): Promise<number> {
  const { rows } = await tx.query<{ n: string }>(
    `SELECT ${dialect.cast("count(*)", "text")} AS n FROM ${dialect.table(table)}`,
  );
  return Number(rows[0]!.n);
}

async function* pages(
  { dialect }: Engine,
  tx: Connection,
  table: Table,
): AsyncIterable<Record<string, string | null>[]> {
  const id = dialect.id("id");
  const values = table.columns.map(
    (column) => `${dialect.ddl.plainText(`a.${dialect.id(column.name)}`, column)} AS ${dialect.id(column.name)}`,
  );
  for (let after = "0"; ; ) {
    const { rows } = await tx.query<Record<string, string | null>>(
      `SELECT ${values.join(", ")} FROM ${dialect.table(table)} a WHERE a.${id} > ${dialect.cast("$1", "bigint")} ORDER BY a.${id} LIMIT ${pageRows}`,
      [after],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < pageRows) return;
    after = rows.at(-1)!.id!;
  }
}
