import type { Connection, DiagnosisPort, Grant, TableRef } from "@runback/core";
import { changeHash } from "./apply-own-tables.ts";
import { id } from "./dialect.ts";
import { mayTruncate } from "./may-truncate.ts";
import { ownChanges } from "./own-tables.ts";
import { heldRights } from "./rights.ts";

/** Window functions, expressions as defaults, checks that hold, invisible columns. */
const minimum = { mariadb: "10.6", mysql: "8.0.23" } as const;

export const diagnosis: DiagnosisPort = {
  version: async (connection) => {
    const { rows } = await connection.query<{ version: string }>("SELECT version() AS version");
    const { version } = rows[0]!;
    const least = /mariadb/i.test(version) ? minimum.mariadb : minimum.mysql;
    return { version, minimum: least, supported: compare(version, least) >= 0 };
  },
  now: async (connection) => {
    const { rows } = await connection.query<{ ms: number }>("SELECT unix_timestamp(sysdate(6)) * 1e3 AS ms");
    return Number(rows[0]!.ms);
  },
  ownTables: async (connection) => {
    const there = await connection.query(
      "SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = 'runback_ledger'",
    );
    const recorded =
      there.count === 0
        ? []
        : (
            await connection.query<{ version: number; name: string; sha256: string }>(
              "SELECT version, name, sha256 FROM runback_ledger ORDER BY version",
            )
          ).rows;
    const same = (row: { version: number; sha256: string }) => {
      const change = ownChanges.find(({ version }) => version === row.version);
      return change !== undefined && changeHash(change) === row.sha256;
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
  mayTruncate,
  searchPath: async (connection) => {
    // An unqualified name means the session's database here, and nothing else.
    const { rows } = await connection.query<{ name: string; role: string }>(
      "SELECT database() AS name, current_user() AS role",
    );
    return { schemas: [rows[0]!.name], role: rows[0]!.role };
  },
  timeZone: async (connection) => {
    // The zone of sessions that pin none, in the words other engines use.
    const { rows } = await connection.query<{ zone: string; system: string }>(
      "SELECT @@global.time_zone AS zone, @@system_time_zone AS `system`",
    );
    const { zone, system } = rows[0]!;
    const said = zone === "SYSTEM" ? system : zone;
    return /^[+-]00:00$/.test(said) ? "UTC" : said;
  },
};

function compare(version: string, least: string): number {
  const parts = (text: string) => (/\d+(\.\d+)*/.exec(text)?.[0] ?? "0").split(".").map(Number);
  const [a, b] = [parts(version), parts(least)];
  for (let at = 0; at < b.length; at++) if ((a[at] ?? 0) !== b[at]) return (a[at] ?? 0) - b[at]!;
  return 0;
}

const needed = "SELECT INSERT UPDATE DELETE CREATE DROP ALTER INDEX REFERENCES TRIGGER".split(" ");

/**
 * Rights on the target's database, as global or database grants to the user or to a role it has now. Rights granted table
 * by table do not count: Runback creates tables.
 */
async function grants(connection: Connection, _tables: readonly TableRef[]): Promise<Grant[]> {
  const { rows: about } = await connection.query<{ name: string; role: string; log: number; trust: number }>(
    "SELECT database() AS name, current_user() AS role, @@log_bin AS log, @@log_bin_trust_function_creators AS trust",
  );
  const { name, role, log, trust } = about[0]!;
  const { all, rights, globalAll } = await heldRights(connection);
  const user = role
    .split("@")
    .map((each) => `'${each}'`)
    .join("@");
  const list: Grant[] = needed.map((right) => ({
    right: `${right} on ${name}`,
    granted: all || rights.has(right),
    remedy: `GRANT ${right} ON ${id(name)}.* TO ${user}`,
  }));
  // With the binary log on, whoever creates a trigger must be trusted not to make replicas differ.
  const trusted = !log || Boolean(trust) || rights.has("SUPER") || rights.has("BINLOG ADMIN") || globalAll;
  list.push({
    right: "create triggers while the binary log is on (log_bin_trust_function_creators)",
    granted: trusted,
    remedy: "SET GLOBAL log_bin_trust_function_creators = 1 (and in the server's configuration)",
  });
  return list;
}
