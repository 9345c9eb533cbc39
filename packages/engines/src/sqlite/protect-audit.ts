import { auditRelation, type Connection, type TableRef } from "@runback/core";
import { id, literal, table as tableName } from "./dialect.ts";

/**
 * Makes a table append-only and chains its entries. Idempotent. Entries that were there before are chained in order of
 * time, once, so that their later change is detected too.
 */
export async function protectAudit(tx: Connection, table: TableRef): Promise<void> {
  const relation = auditRelation(table);
  const known = await tx.query("SELECT 1 FROM runback_audit_heads WHERE relation = $1", [relation]);
  if (known.count > 0) return;
  const columns = await tx.query<{ name: string }>(
    "SELECT name FROM pragma_table_info($1) ORDER BY name COLLATE BINARY",
    [plainName(table)],
  );
  await tx.query("INSERT INTO runback_audit_heads (relation, columns) VALUES ($1, $2)", [
    relation,
    JSON.stringify(columns.rows.map(({ name }) => name)),
  ]);
  for (const [name, text] of auditTriggers(table)) {
    await tx.query(`DROP TRIGGER IF EXISTS ${id(name)}`);
    await tx.script(text);
  }
  await tx.query(
    `INSERT INTO runback_audit_pending (relation, entry)
     SELECT $1, CAST(id AS TEXT) FROM ${tableName(table)} ORDER BY "createdAt", id`,
    [relation],
  );
}

/**
 * The triggers of a protected table by name. REPLACE deletes rows without firing delete triggers, so an entry with an id
 * that is taken is refused before that.
 */
export function auditTriggers(table: TableRef): ReadonlyMap<string, string> {
  const on = tableName(table);
  const name = (kind: string) => `runback_${kind}_${plainName(table)}`;
  const refuse = (kind: string, event: string, when = "") =>
    [
      name(kind),
      `CREATE TRIGGER ${id(name(kind))} BEFORE ${event} ON ${on}${when}
BEGIN SELECT RAISE(ABORT, ${literal(`RB002: ${auditRelation(table)} is append-only: ${kind === "refuse_replace" ? "REPLACE" : event} refused`)}); END`,
    ] as const;
  return new Map([
    refuse("refuse_update", "UPDATE"),
    refuse("refuse_delete", "DELETE"),
    refuse("refuse_replace", "INSERT", ` WHEN EXISTS (SELECT 1 FROM ${on} WHERE id = NEW.id)`),
    [
      name("chain"),
      `CREATE TRIGGER ${id(name("chain"))} AFTER INSERT ON ${on}
BEGIN INSERT INTO runback_audit_pending (relation, entry) VALUES (${literal(auditRelation(table))}, CAST(NEW.id AS TEXT)); END`,
    ] as const,
  ]);
}

function plainName({ schema, name }: TableRef): string {
  return schema === "runback" ? `runback_${name}` : name;
}
