import { type Connection, type DiagnosisPort, type Grant, qualifiedName, sha256, type TableRef } from "@runback/core";
import { id, table as tableName } from "./dialect.ts";
import { ownChanges } from "./own-tables.ts";

/** The catalog is read with columns that came with PostgreSQL 15 (`indnullsnotdistinct`). */
const minimumVersion = 15;

export const diagnosis: DiagnosisPort = {
  version: async (connection) => {
    const { rows } = await connection.query<{ version: string; num: number }>(
      "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS num",
    );
    const { version, num } = rows[0]!;
    return { version, minimum: String(minimumVersion), supported: num >= minimumVersion * 10_000 };
  },
  now: async (connection) => {
    const { rows } = await connection.query<{ ms: number }>(
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms",
    );
    return rows[0]!.ms;
  },
  ownTables: async (connection) => {
    const there = await connection.query("SELECT WHERE to_regclass('runback.ledger') IS NOT NULL");
    const recorded =
      there.count === 0
        ? []
        : (
            await connection.query<{ version: number; name: string; sha256: string }>(
              "SELECT version, name, sha256 FROM runback.ledger ORDER BY version",
            )
          ).rows;
    const known = (version: number) => ownChanges.find((change) => change.version === version);
    const same = (row: { version: number; sha256: string }) => {
      const change = known(row.version);
      return change !== undefined && sha256(change.sql) === row.sha256;
    };
    return {
      applied: recorded.filter(same).map((row) => row.name),
      pending: ownChanges
        .filter((change) => !recorded.some((row) => row.version === change.version))
        .map((change) => change.name),
      foreign: recorded.filter((row) => !same(row)).map((row) => row.name),
    };
  },
  grants,
  searchPath: async (connection) => {
    // A schema named like the role needs no mention in the path: "$user" stands for it, and it need not exist yet.
    const { rows } = await connection.query<{ schemas: string[]; role: string }>(
      "SELECT to_json(current_schemas(false)) AS schemas, current_user::text AS role",
    );
    return rows[0]!;
  },
  timeZone: async (connection) => {
    const { rows } = await connection.query<{ zone: string }>("SELECT current_setting('TimeZone') AS zone");
    return rows[0]!.zone;
  },
};

/** One query; rights on a table that is not there yet are asked of its schema. */
async function grants(connection: Connection, tables: readonly TableRef[]): Promise<Grant[]> {
  const { rows } = await connection.query<{
    role: string;
    database: string;
    temp: boolean;
    own: boolean;
    schemas: { name: string; create: boolean; exists: boolean }[];
    tables: { schema: string; name: string; owns: boolean; writes: boolean }[];
  }>(
    `SELECT current_user::text AS role, current_database()::text AS database,
       has_database_privilege(current_database(), 'TEMP') AS temp,
       CASE WHEN to_regnamespace('runback') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
         ELSE has_schema_privilege('runback', 'CREATE') AND has_schema_privilege('runback', 'USAGE') END AS own,
       (SELECT coalesce(json_agg(json_build_object('name', s.name, 'exists', n.oid IS NOT NULL,
           'create', coalesce(has_schema_privilege(n.oid, 'CREATE') AND has_schema_privilege(n.oid, 'USAGE'), false)) ORDER BY s.name), '[]')
         FROM (SELECT DISTINCT value ->> 'schema' AS name FROM jsonb_array_elements($1::jsonb)) s
         LEFT JOIN pg_namespace n ON n.nspname = s.name) AS schemas,
       (SELECT coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.relname,
           'owns', pg_has_role(c.relowner, 'USAGE'),
           'writes', has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
             AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
           ORDER BY n.nspname, c.relname), '[]')
         FROM jsonb_array_elements($1::jsonb) w
         JOIN pg_namespace n ON n.nspname = w ->> 'schema'
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w ->> 'name') AS tables`,
    [JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })))],
  );
  const row = rows[0]!;
  const role = id(row.role);
  return [
    {
      right: "create in schema runback",
      granted: row.own,
      remedy: `GRANT CREATE ON DATABASE ${id(row.database)} TO ${role}`,
    },
    {
      right: "temporary tables",
      granted: row.temp,
      remedy: `GRANT TEMP ON DATABASE ${id(row.database)} TO ${role}`,
    },
    ...row.schemas
      .filter((schema) => schema.name !== "runback")
      .map((schema) => ({
        right: `create in schema ${schema.name}`,
        granted: schema.create,
        remedy: schema.exists
          ? `GRANT USAGE, CREATE ON SCHEMA ${id(schema.name)} TO ${role}`
          : `CREATE SCHEMA ${id(schema.name)} AUTHORIZATION ${role}`,
      })),
    // Only an owner may set a trigger to fire always, so the TRIGGER right alone is not enough.
    ...row.tables.flatMap((table) => [
      {
        right: `triggers on ${qualifiedName(table)}`,
        granted: table.owns,
        remedy: `ALTER TABLE ${tableName(table)} OWNER TO ${role}`,
      },
      {
        right: `rows of ${qualifiedName(table)}`,
        granted: table.writes,
        remedy: `GRANT SELECT, INSERT, UPDATE, DELETE ON ${tableName(table)} TO ${role}`,
      },
    ]),
  ];
}
