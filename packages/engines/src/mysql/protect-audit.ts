import { auditRelation, type Column, type Connection, sha256, type TableRef } from "@runback/core";
import { auditTriggers, createTrigger, guardTable, hashedText, physicalName } from "./audit-entry.ts";
import { id, table as tableName } from "./dialect.ts";
import { readColumns } from "./read-catalog.ts";

/**
 * Makes a table append-only and chains its entries. Idempotent, also after a crash half way. Entries that were there
 * before are chained in order of time, once, so that their later change is detected too.
 *
 * UPDATE and DELETE are refused by triggers. No trigger sees TRUNCATE: a table that references this one makes the server
 * refuse it, and DROP TABLE as well.
 */
export async function protectAudit(tx: Connection, table: TableRef): Promise<void> {
  const relation = auditRelation(table);
  const known = await tx.query<{ ready: number }>("SELECT ready FROM runback_audit_heads WHERE relation = $1", [
    relation,
  ]);
  if (known.rows[0]?.ready) return;
  const physical = physicalName(table);
  const columns = (await readColumns(tx, physical))
    .filter((column) => !column.generated)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  await tx.query(
    `INSERT INTO runback_audit_heads (relation, columns) VALUES ($1, $2) ON DUPLICATE KEY UPDATE columns = $2`,
    [relation, JSON.stringify(columns)],
  );
  const triggers = auditTriggers(table, columns);
  for (const trigger of triggers) {
    await tx.query(`DROP TRIGGER IF EXISTS ${id(trigger.name)}`);
    await tx.query(createTrigger(trigger, table));
  }
  const key = columns.find((column) => column.name === "id")!;
  await tx.query(
    `CREATE TABLE IF NOT EXISTS ${id(guardTable(table))} (entry ${key.type} NULL, FOREIGN KEY (entry) REFERENCES ${tableName(table)} (id)) ENGINE = InnoDB`,
  );
  await chainExisting(tx, table, columns);
}

const pageEntries = 5_000;

/** Each link needs the one before it, so links are made here; with the head locked, entries that come meanwhile wait. */
async function chainExisting(tx: Connection, table: TableRef, columns: readonly Column[]): Promise<void> {
  const relation = auditRelation(table);
  const { rows } = await tx.query<{ seq: string; sha256: string }>(
    "SELECT seq, sha256 FROM runback_audit_heads WHERE relation = $1 FOR UPDATE",
    [relation],
  );
  let seq = Number(rows[0]!.seq);
  let link = rows[0]!.sha256;
  for (;;) {
    const page = await tx.query<{ entry: string; hash: string }>(
      `SELECT CAST(e.id AS char) AS entry, sha2(${hashedText("e", columns)}, 256) AS hash FROM ${tableName(table)} e
       WHERE NOT EXISTS (SELECT 1 FROM runback_audit_chain c WHERE c.relation = $1 AND c.entry = CAST(e.id AS char))
       ORDER BY e.\`createdAt\`, e.id LIMIT ${pageEntries}`,
      [relation],
    );
    if (page.rows.length === 0) break;
    const values: (string | number)[] = [relation];
    const tuples = page.rows.map(({ entry, hash }) => {
      const previous = link;
      link = sha256(previous + hash);
      seq += 1;
      const at = values.push(seq, entry, hash, previous, link) - 4;
      return `($1, $${at}, $${at + 1}, $${at + 2}, $${at + 3}, $${at + 4})`;
    });
    await tx.query(
      `INSERT INTO runback_audit_chain (relation, seq, entry, row_sha256, previous, sha256) VALUES ${tuples.join(", ")}`,
      values,
    );
  }
  await tx.query("UPDATE runback_audit_heads SET seq = $2, sha256 = $3, ready = true WHERE relation = $1", [
    relation,
    seq,
    link,
  ]);
}
