import type { TableRef } from "@runback/core";
import { id, literal, table as tableName } from "./dialect.ts";
import type { Session } from "./session.ts";

/**
 * Puts the entries that wait on the chain, in the order they came. Runs before every commit of Runback's, so that its own
 * entries are chained in their own transaction; those of other programs, which cannot hash, by whoever commits next.
 */
export function sealAudit(session: Session): void {
  if (session.run("SELECT 1 FROM sqlite_schema WHERE name = 'runback_audit_pending'").count === 0) return;
  const waiting = session.run<{ relation: string }>("SELECT DISTINCT relation FROM runback_audit_pending").rows;
  for (const { relation } of waiting) seal(session, relation);
}

function seal(session: Session, relation: string): void {
  const head = session.run<{ columns: string; seq: number; sha256: string }>(
    "SELECT columns, seq, sha256 FROM runback_audit_heads WHERE relation = $1",
    [relation],
  ).rows[0];
  if (head === undefined) return;
  let { seq, sha256 } = head;
  const entries = session.run<{ entry: string; row: string; link: string }>(
    `SELECT p.entry, runback_sha256(${hashedText("e", JSON.parse(head.columns) as string[])}) AS row
     FROM runback_audit_pending p JOIN ${tableName(auditRef(relation))} e ON CAST(e.id AS TEXT) = p.entry
     WHERE p.relation = $1 ORDER BY p.num`,
    [relation],
  );
  for (const { entry, row } of entries.rows) {
    const link = session.run<{ link: string }>("SELECT runback_sha256($1 || $2) AS link", [sha256, row]).rows[0]!.link;
    seq++;
    session.run("INSERT INTO runback_audit_chain VALUES ($1, $2, $3, $4, $5, $6)", [
      relation,
      seq,
      entry,
      row,
      sha256,
      link,
    ]);
    sha256 = link;
  }
  session.run("UPDATE runback_audit_heads SET seq = $2, sha256 = $3 WHERE relation = $1", [relation, seq, sha256]);
  session.run("DELETE FROM runback_audit_pending WHERE relation = $1", [relation]);
}

/** The table a chain is of: `public.AuditLog`. */
export function auditRef(relation: string): TableRef {
  const dot = relation.indexOf(".");
  return { schema: relation.slice(0, dot), name: relation.slice(dot + 1) };
}

/**
 * The text of an entry that its hash covers: the columns the table had when it was protected, in order of their names.
 * Numbers with a fraction and bytes, which JSON does not hold exactly, enter as what SQLite itself would read back.
 */
export function hashedText(alias: string, columns: readonly string[]): string {
  const members = columns.map((name) => {
    const value = `${alias}.${id(name)}`;
    return `${literal(name)}, CASE WHEN typeof(${value}) IN ('blob', 'real') THEN quote(${value}) ELSE ${value} END`;
  });
  return `json_object(${members.join(", ")})`;
}
