import type { Connection, TableRef } from "@runback/core";
import { table as tableName } from "./dialect.ts";

/**
 * Makes a table append-only and chains its entries. Idempotent. Entries that were there before are chained in order of
 * time, once, so that their later change is detected too.
 */
export async function protectAudit(tx: Connection, table: TableRef): Promise<void> {
  const name = tableName(table);
  const relation = `${table.schema}.${table.name}`;
  const known = await tx.query("SELECT FROM runback.audit_heads WHERE relation = $1", [relation]);
  if (known.count > 0) return;
  await tx.query(`LOCK TABLE ${name} IN SHARE ROW EXCLUSIVE MODE`);
  const claimed = await tx.query(
    `INSERT INTO runback.audit_heads (relation, columns)
     SELECT $1, array_agg(attname::text ORDER BY attname) FROM pg_attribute
     WHERE attrelid = $2::regclass AND attnum > 0 AND NOT attisdropped
     ON CONFLICT (relation) DO NOTHING RETURNING relation`,
    [relation, name],
  );
  if (claimed.count === 0) return;
  await tx.script(`
    CREATE OR REPLACE TRIGGER runback_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON ${name}
      FOR EACH STATEMENT EXECUTE FUNCTION runback.refuse_change();
    CREATE OR REPLACE TRIGGER runback_chain AFTER INSERT ON ${name}
      FOR EACH ROW EXECUTE FUNCTION runback.chain_entry();`);
  await tx.query(
    `WITH RECURSIVE entries AS (
       SELECT row_number() OVER (ORDER BY _entry."createdAt", _entry.id) AS seq, _entry.id::text AS entry, runback.entry_sha256(to_jsonb(_entry), h.columns) AS row_sha256
       FROM ${name} _entry, runback.audit_heads h WHERE h.relation = $1
     ), chained AS (
       SELECT seq, entry, row_sha256, repeat('0', 64) AS previous,
         encode(sha256(convert_to(repeat('0', 64) || row_sha256, 'UTF8')), 'hex') AS link FROM entries WHERE seq = 1
       UNION ALL
       SELECT e.seq, e.entry, e.row_sha256, c.link, encode(sha256(convert_to(c.link || e.row_sha256, 'UTF8')), 'hex')
       FROM chained c JOIN entries e ON e.seq = c.seq + 1
     ), stored AS (
       INSERT INTO runback.audit_chain SELECT $1, seq, entry, row_sha256, previous, link FROM chained
     )
     UPDATE runback.audit_heads SET seq = c.seq, sha256 = c.link
     FROM (SELECT seq, link FROM chained ORDER BY seq DESC LIMIT 1) c WHERE relation = $1`,
    [relation],
  );
}
