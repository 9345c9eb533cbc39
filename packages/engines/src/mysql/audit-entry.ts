import { auditRelation, type Column, type Connection, sha256, type TableRef } from "@runback/core";
import { id, literal, table as tableName } from "./dialect.ts";
import { part } from "./row-image.ts";

/** What the head of a chain remembers: the columns the table had when it was protected, sorted by name. */
export interface AuditShape {
  readonly columns: readonly Column[];
}

export async function auditShape(tx: Connection, table: TableRef): Promise<AuditShape | undefined> {
  const { rows } = await tx.query<{ columns: string; ready: number }>(
    "SELECT columns, ready FROM runback_audit_heads WHERE relation = $1",
    [auditRelation(table)],
  );
  return rows[0] && { columns: JSON.parse(rows[0].columns) as Column[] };
}

const texts = /^(char|varchar|tinytext|text|mediumtext|longtext)$/;

function value(expression: string, column: Column): string {
  if (texts.test(column.baseType)) return `CONVERT(${expression} USING utf8mb4)`;
  if (column.baseType === "json") return `CAST(${expression} AS char CHARACTER SET utf8mb4)`;
  return `nullif(${part(expression, column)}, '-')`;
}

/**
 * The JSON text of an entry that its hash covers. Every value is a text, so that the server's own forms of JSON and of
 * numbers have no say in it.
 */
export function hashedText(alias: string, columns: readonly Column[]): string {
  return `json_object(${columns.map((column) => `${literal(column.name)}, ${value(`${alias}.${id(column.name)}`, column)}`).join(", ")})`;
}

/** A chain's link names its entry by text; this is that text as the entry's own key, so that the index finds it. */
export function entryKey(expression: string, columns: readonly Column[]): string {
  const key = columns.find((column) => column.name === "id");
  const match = key && / character set (\w+) collate (\w+)$/.exec(key.type);
  return match ? `CONVERT(${expression} USING ${match[1]}) COLLATE ${match[2]}` : expression;
}

export interface AuditTrigger {
  readonly name: string;
  readonly timing: "BEFORE" | "AFTER";
  readonly event: "INSERT" | "UPDATE" | "DELETE";
  readonly body: string;
  readonly purpose: string;
}

/** Part of a name that fits a trigger's 64 characters whatever the table is called. */
export const nameHash = (table: TableRef) => sha256(auditRelation(table)).slice(0, 16);

export const guardTable = (table: TableRef) => `runback_guard_${nameHash(table)}`;

/** The triggers that make a table append-only and chain its entries. */
export function auditTriggers(table: TableRef, columns: readonly Column[]): AuditTrigger[] {
  const relation = literal(auditRelation(table));
  const refuse = (event: "UPDATE" | "DELETE"): AuditTrigger => ({
    name: `runback_refuse_${event.toLowerCase()}_${nameHash(table)}`,
    timing: "BEFORE",
    event,
    body: `SIGNAL SQLSTATE 'RB002' SET MESSAGE_TEXT = ${literal(`${table.name.slice(0, 64)} is append-only: ${event} refused`)}`,
    purpose: "changes of entries are not refused",
  });
  const hash = "varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
  // The head row is locked by every append, so the chain has one order; appends come last in a step to keep that short.
  const chain: AuditTrigger = {
    name: `runback_chain_${nameHash(table)}`,
    timing: "AFTER",
    event: "INSERT",
    body: `BEGIN
  DECLARE _seq bigint;
  DECLARE _previous, _row, _link ${hash};
  SELECT seq, sha256 INTO _seq, _previous FROM runback_audit_heads WHERE relation = ${relation} FOR UPDATE;
  IF _seq IS NULL THEN
    SIGNAL SQLSTATE 'RB004' SET MESSAGE_TEXT = 'runback: the chain of this audit table has no head';
  END IF;
  SET _row = sha2(${hashedText("NEW", columns)}, 256);
  SET _link = sha2(concat(_previous, _row), 256);
  INSERT INTO runback_audit_chain (relation, seq, entry, row_sha256, previous, sha256)
  VALUES (${relation}, _seq + 1, NEW.id, _row, _previous, _link);
  UPDATE runback_audit_heads SET seq = _seq + 1, sha256 = _link WHERE relation = ${relation};
END`,
    purpose: "new entries do not join the chain",
  };
  return [refuse("UPDATE"), refuse("DELETE"), chain];
}

export function createTrigger({ name, timing, event, body }: AuditTrigger, table: TableRef): string {
  return `CREATE TRIGGER ${id(name)} ${timing} ${event} ON ${tableName(table)} FOR EACH ROW ${body}`;
}

/** The name of a table as the catalog of the server has it. */
export function physicalName(table: TableRef): string {
  return table.schema === "runback" ? `runback_${table.name}` : table.name;
}
