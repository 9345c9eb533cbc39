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
  // ALWAYS: a session in the replica role is refused and chained like any other.
  await tx.script(`
    CREATE OR REPLACE TRIGGER runback_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON ${name}
      FOR EACH STATEMENT EXECUTE FUNCTION runback.refuse_change();
    CREATE OR REPLACE TRIGGER runback_chain AFTER INSERT ON ${name}
      FOR EACH ROW EXECUTE FUNCTION runback.chain_entry();
    ALTER TABLE ${name} ENABLE ALWAYS TRIGGER runback_refuse;
    ALTER TABLE ${name} ENABLE ALWAYS TRIGGER runback_chain;`);
  await tx.query("SELECT 1 FROM runback.chain_existing($1::regclass, $2)", [name, relation]);
}
