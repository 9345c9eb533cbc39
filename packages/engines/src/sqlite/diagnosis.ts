import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { type Connection, type DiagnosisPort, sha256 } from "@runback/core";
import { ownChanges } from "./own-tables.ts";

/** Aggregates with an order came with 3.44. */
const minimum = [3, 44, 0];

export const diagnosis: DiagnosisPort = {
  version: async (connection) => {
    const { rows } = await connection.query<{ version: string }>("SELECT sqlite_version() AS version");
    const version = rows[0]!.version;
    const parts = version.split(".").map(Number);
    const at = minimum.findIndex((part, index) => part !== parts[index]);
    return { version, minimum: minimum.join("."), supported: at < 0 || parts[at]! > minimum[at]! };
  },
  now: async (connection) => {
    const { rows } = await connection.query<{ ms: number }>("SELECT unixepoch('subsec') * 1000.0 AS ms");
    return rows[0]!.ms;
  },
  ownTables: async (connection) => {
    const there = await connection.query("SELECT 1 FROM sqlite_schema WHERE name = 'runback_ledger'");
    const recorded =
      there.count === 0
        ? []
        : (
            await connection.query<{ version: number; name: string; sha256: string }>(
              "SELECT version, name, sha256 FROM runback_ledger ORDER BY version",
            )
          ).rows;
    const same = (row: { version: number; sha256: string }) =>
      ownChanges.some((change) => change.version === row.version && sha256(change.sql) === row.sha256);
    return {
      applied: recorded.filter(same).map((row) => row.name),
      pending: ownChanges
        .filter((change) => !recorded.some((row) => row.version === change.version))
        .map((change) => change.name),
      foreign: recorded.filter((row) => !same(row)).map((row) => row.name),
    };
  },
  // There are no rights inside a file, only on it, and on the folder that its log stands in.
  grants: async (connection) => {
    const path = await filePath(connection);
    return [
      { right: `write ${path}`, granted: await writable(path), remedy: `chmod u+w ${path}` },
      {
        right: `create files in ${dirname(path)}`,
        granted: await writable(dirname(path)),
        remedy: `chmod u+wx ${dirname(path)}`,
      },
    ];
  },
  searchPath: async () => ({ schemas: ["main"], role: "" }),
  // Its date functions know no other.
  timeZone: async () => "UTC",
};

async function filePath(connection: Connection): Promise<string> {
  const { rows } = await connection.query<{ file: string }>(
    "SELECT file FROM pragma_database_list WHERE name = 'main'",
  );
  return rows[0]!.file;
}

async function writable(path: string): Promise<boolean> {
  return await access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}
