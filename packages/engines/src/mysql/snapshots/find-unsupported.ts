import { type Connection, RunbackError } from "@runback/core";
import { heldRights } from "../rights.ts";
import { ofUsers } from "./of-users.ts";
import { type FoundProgram, triggerSql } from "./read-programs.ts";

const own = ofUsers("t.table_name");

/** Objects that a restore could not make again, by kind and name. */
const queries: readonly string[] = [
  `SELECT concat('table of engine ', coalesce(t.engine, 'none')) AS what, t.table_name AS name FROM information_schema.tables t
   WHERE t.table_schema = database() AND t.table_type = 'BASE TABLE' AND coalesce(t.engine, '') <> 'InnoDB' AND ${own}`,
  // Its history has times of its own, which no INSERT gives.
  `SELECT 'system-versioned table' AS what, t.table_name AS name FROM information_schema.tables t
   WHERE t.table_schema = database() AND t.table_type = 'SYSTEM VERSIONED' AND ${own}`,
  `SELECT concat(lower(t.table_type), ' that Runback does not know') AS what, t.table_name AS name FROM information_schema.tables t
   WHERE t.table_schema = database() AND t.table_type NOT IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW', 'SEQUENCE') AND ${own}`,
  `SELECT 'table without stored columns' AS what, t.table_name AS name FROM information_schema.tables t
   WHERE t.table_schema = database() AND t.table_type = 'BASE TABLE' AND ${own} AND NOT EXISTS (
     SELECT 1 FROM information_schema.columns c WHERE c.table_schema = database() AND c.table_name = t.table_name
       AND coalesce(c.generation_expression, '') = '')`,
  `SELECT 'name with a line break:' AS what, hex(t.table_name) AS name FROM information_schema.tables t
   WHERE t.table_schema = database() AND t.table_name REGEXP '[[:cntrl:]]'
   UNION ALL SELECT 'name with a line break: column of', c.table_name FROM information_schema.columns c
   WHERE c.table_schema = database() AND c.column_name REGEXP '[[:cntrl:]]'
   UNION ALL SELECT 'name with a line break: constraint of', k.table_name FROM information_schema.table_constraints k
   WHERE k.table_schema = database() AND k.constraint_name REGEXP '[[:cntrl:]]'
   UNION ALL SELECT 'name with a line break: index of', s.table_name FROM information_schema.statistics s
   WHERE s.table_schema = database() AND s.index_name REGEXP '[[:cntrl:]]'`,
  `SELECT DISTINCT 'foreign key between databases:' AS what, concat(k.table_name, '.', k.constraint_name) AS name
   FROM information_schema.key_column_usage k WHERE k.referenced_table_name IS NOT NULL
     AND k.table_schema <> k.referenced_table_schema AND database() IN (k.table_schema, k.referenced_table_schema)`,
  `SELECT concat('stored ', lower(r.routine_type)) AS what, r.routine_name AS name FROM information_schema.routines r
   WHERE r.routine_schema = database() AND r.routine_type NOT IN ('FUNCTION', 'PROCEDURE')`,
  // Made again, it would run again, or be gone at once.
  `SELECT 'event that runs once:' AS what, e.event_name AS name FROM information_schema.events e
   WHERE e.event_schema = database() AND (e.event_type = 'ONE TIME' OR (e.ends IS NOT NULL AND e.on_completion = 'NOT PRESERVE'))`,
];

// It stays in its place while everything around it is exchanged.
const tiedAudit = `
SELECT DISTINCT 'audit table tied to other objects:' AS what, h.relation AS name FROM runback_audit_heads h
JOIN information_schema.key_column_usage k ON k.table_schema = database() AND k.referenced_table_name IS NOT NULL
  AND CONVERT(substr(h.relation, locate('.', h.relation) + 1) USING utf8mb4) COLLATE utf8mb4_bin IN (
    CONVERT(k.table_name USING utf8mb4) COLLATE utf8mb4_bin, CONVERT(k.referenced_table_name USING utf8mb4) COLLATE utf8mb4_bin)
WHERE h.relation LIKE 'public.%' AND ${ofUsers("k.table_name")}
UNION ALL SELECT DISTINCT 'trigger on an audit table:', g.trigger_name FROM runback_audit_heads h
JOIN information_schema.triggers g ON g.trigger_schema = database()
  AND CONVERT(substr(h.relation, locate('.', h.relation) + 1) USING utf8mb4) COLLATE utf8mb4_bin = CONVERT(g.event_object_table USING utf8mb4) COLLATE utf8mb4_bin
WHERE h.relation LIKE 'public.%' AND ${ofUsers("g.trigger_name")}`;

/** @throws `SNAPSHOT_UNSUPPORTED` naming everything a restore could not bring back, `SNAPSHOT_ROWS_HIDDEN` */
export async function refuseUnsupported(
  tx: Connection,
  ownTables: boolean,
  programs: readonly FoundProgram[],
  collation: string,
): Promise<void> {
  await refuseHidden(tx, programs);
  const found: string[] = [];
  for (const query of [...queries, ...(ownTables ? [tiedAudit] : [])]) {
    const { rows } = await tx.query<{ what: string; name: string }>(query);
    found.push(...rows.map(({ what, name }) => `${what} ${name}`));
  }
  for (const program of programs) {
    const { kind, name, sql, client, databaseCollation } = program;
    // Its text would have to be sent in a character set that the driver does not speak.
    if (!/^(utf8|utf8mb3|utf8mb4)$/.test(client) && Buffer.byteLength(sql) !== sql.length)
      found.push(`${kind} in ${client}: ${name}`);
    if (kind !== "view" && databaseCollation !== null && databaseCollation !== collation)
      found.push(`${kind} made under another collation of the database: ${name}`);
    if (kind === "trigger" && triggerSql(program, "t") === undefined)
      found.push(`trigger whose text cannot be read: ${name}`);
    if (program.definer === "") found.push(`${kind} without a definer: ${name}`);
  }
  if (found.length > 0) throw unsupported(found);
}

export function unsupported(objects: readonly string[]): RunbackError {
  return new RunbackError(
    "SNAPSHOT_UNSUPPORTED",
    `A restore could not bring back: ${objects.slice(0, 20).join(", ")}${objects.length > 20 ? ` and ${objects.length - 20} more` : ""}.`,
    {
      recovery:
        "Nothing was written. Use the server's own backup for this database, or take these objects out of it: docs/snapshots.md says what is carried.",
      status: 409,
      details: { objects: objects.slice(0, 1000) },
    },
  );
}

const needed = ["SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE"];

/** What a user has no right on, the catalog does not list: without these rights on the database a snapshot could lack parts unseen. */
async function refuseHidden(tx: Connection, programs: readonly FoundProgram[]): Promise<void> {
  const held = await heldRights(tx);
  const missing = needed.filter((right) => !held.all && !held.rights.has(right));
  const unseen = programs.filter(({ sql }) => sql === "").map(({ kind, name }) => `the text of ${kind} ${name}`);
  if (missing.length + unseen.length === 0) return;
  throw new RunbackError(
    "SNAPSHOT_ROWS_HIDDEN",
    `Runback's database user may not see everything: it lacks ${[...missing.map((right) => `${right} on the database`), ...unseen].slice(0, 20).join(", ")}.`,
    {
      recovery:
        "Nothing was written. Grant it SELECT, SHOW VIEW, TRIGGER, EVENT and EXECUTE on the whole database (GRANT … ON `name`.*), and SELECT on mysql.proc (MariaDB) or SHOW_ROUTINE (MySQL) for the texts of others' routines.",
      status: 403,
      details: { missing: [...missing, ...unseen] },
    },
  );
}
