import { randomBytes } from "node:crypto";
import { createConnection } from "mysql2/promise";
import { inject } from "vitest";

export interface MysqlDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  drop(): Promise<void>;
}

/** A database of its own for one test, on the MariaDB or MySQL of this run. */
export async function createMysqlDatabase(): Promise<MysqlDatabase> {
  const server = inject("mysql");
  if ("missing" in server) throw new Error(server.missing);
  const adminUrl = server.url;
  const name = `${inject("mysqlPrefix")}${randomBytes(6).toString("hex")}`;
  await onMysqlServer(adminUrl, `CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const drop = () => onMysqlServer(adminUrl, `DROP DATABASE IF EXISTS \`${name}\``);
  return { name, url: url.href, drop, [Symbol.asyncDispose]: drop };
}

export async function onMysqlServer(adminUrl: string, text: string): Promise<void> {
  const connection = await createConnection({ uri: adminUrl });
  try {
    await connection.query(text);
  } finally {
    await connection.end();
  }
}

/** Drops every database whose name begins so: on a server that outlives the run. */
export async function dropMysqlDatabases(adminUrl: string, prefix: string): Promise<void> {
  const connection = await createConnection({ uri: adminUrl });
  try {
    const [rows] = await connection.query(
      "SELECT schema_name AS name FROM information_schema.schemata WHERE LEFT(schema_name, ?) = ?",
      [prefix.length, prefix],
    );
    for (const { name } of rows as { name: string }[]) await connection.query(`DROP DATABASE IF EXISTS \`${name}\``);
  } finally {
    await connection.end();
  }
}
