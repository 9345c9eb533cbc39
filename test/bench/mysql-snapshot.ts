import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { mysqlServer } from "../support/mysql-server.ts";
import { durable } from "./mysql-import.ts";
import { type Figure, median } from "./report.ts";
import type { SnapshotChild } from "./snapshot-figures.ts";
import { child } from "./workspace.ts";

const run = promisify(execFile);

const table = "ENGINE = InnoDB CHARACTER SET utf8mb4";
const uuid = (text: string) =>
  `insert(insert(insert(insert(md5(${text}), 21, 0, '-'), 17, 0, '-'), 13, 0, '-'), 9, 0, '-')`;

/** The data of the PostgreSQL figures, as a MariaDB has it. */
const tables = (registrations: number) => `
CREATE TABLE Member (id char(36) CHARACTER SET ascii PRIMARY KEY, email varchar(200) NOT NULL UNIQUE, name text, joined datetime(6)) ${table};
CREATE TABLE Registration (id char(36) CHARACTER SET ascii PRIMARY KEY, memberId char(36) CHARACTER SET ascii NOT NULL,
  eventId char(36) CHARACTER SET ascii NOT NULL, status varchar(20) NOT NULL, fee decimal(10, 2), note text, createdAt datetime(6) NOT NULL,
  INDEX (memberId), INDEX (eventId)) ${table};
CREATE TABLE event_attendance (id int PRIMARY KEY, event_id int NOT NULL, member_id int NOT NULL, status varchar(20), at datetime(6),
  INDEX (event_id, member_id)) ${table};
INSERT INTO Member SELECT ${uuid("concat('m', seq)")}, concat('m', seq, '@example.org'), concat('Member ', seq), utc_timestamp(6) FROM seq_1_to_${Math.ceil(registrations / 10)};
INSERT INTO Registration SELECT ${uuid("seq")}, ${uuid("seq % 1000")}, ${uuid("concat(seq % 700, 'e')")}, elt(seq % 3 + 1, 'CONFIRMED', 'CANCELLED', 'WAITLISTED'),
  seq % 100 + 0.25, concat(md5(seq * 7), ' ', md5(seq % 900)), '2026-01-01' - INTERVAL seq SECOND FROM seq_1_to_${registrations};
INSERT INTO event_attendance SELECT seq, seq % 5000, seq % 9000, 'attended', utc_timestamp(6) FROM seq_1_to_${registrations}`;

/** Snapshot and restore beside `mariadb-dump | gzip` and loading that dump, in turn. Nothing where the system has no such tool. */
export async function mysqlSnapshotFigures(registrations: number, rounds: number): Promise<Figure[]> {
  if (!existsSync("/usr/bin/mariadb-dump")) return [];
  const server = await mysqlServer(durable);
  const folder = mkdtempSync(join(tmpdir(), "runback-bench-mysql-snapshot-"));
  const vaultUrl = pathToFileURL(join(folder, "vault")).href;
  const admin = await createConnection({ uri: server.adminUrl, multipleStatements: true });
  const { hostname, port, username } = new URL(server.adminUrl);
  const client = `-h${hostname} -P${port} -u${username}`;
  const urlOf = (name: string) => server.adminUrl.replace(/mysql$/, name);
  try {
    await admin.query("CREATE DATABASE source CHARACTER SET utf8mb4; USE source");
    await admin.query(tables(registrations));
    const dump = join(folder, "dump.sql");
    await run("/bin/sh", ["-c", `mariadb-dump ${client} --single-transaction source > ${dump}`]);
    const taken: SnapshotChild[] = [];
    const restored: SnapshotChild[] = [];
    const [creates, restores]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const dumped = await timed(`mariadb-dump ${client} --single-transaction source | gzip > ${dump}.gz`);
      taken.push(await child<SnapshotChild>("snapshot-child.ts", ["create", urlOf("source"), vaultUrl]));
      creates.push(taken.at(-1)!.ms / dumped);
      await admin.query("CREATE DATABASE theirs CHARACTER SET utf8mb4; CREATE DATABASE ours CHARACTER SET utf8mb4");
      const loaded = await timed(`mariadb ${client} theirs < ${dump}`);
      const { snapshotId } = taken.at(-1)!;
      restored.push(await child<SnapshotChild>("snapshot-child.ts", ["restore", urlOf("ours"), vaultUrl, snapshotId]));
      restores.push(restored.at(-1)!.ms / loaded);
      await admin.query("DROP DATABASE theirs; DROP DATABASE ours");
    }
    const size = `${registrations.toLocaleString("en")} registrations`;
    const figure = (name: string, samples: number[], unit: Figure["unit"], limit: number): Figure => ({
      ...{ name, size, value: median(samples), unit, limit, better: "lower", samples },
    });
    return [
      figure("snapshot / mariadb-dump | gzip", creates, "x", 0.5),
      figure("restore, compared row by row / loading the MariaDB dump", restores, "x", 0.6),
      figure(
        "peak memory of snapshot and restore on MariaDB",
        [...taken, ...restored].map((each) => each.peakMb ?? 0),
        "MB",
        300,
      ),
    ];
  } finally {
    await admin.end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(command: string): Promise<number> {
  const began = performance.now();
  await run("/bin/sh", ["-c", command]);
  return performance.now() - began;
}
