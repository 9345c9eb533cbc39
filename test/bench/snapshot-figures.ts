import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import postgres from "postgres";
import { type Figure, median } from "./report.ts";
import { systemPostgres } from "./system-postgres.ts";
import { child } from "./workspace.ts";

const run = promisify(execFile);

export interface SnapshotChild {
  readonly ms: number;
  readonly snapshotId: string;
  readonly bytes: number;
  readonly peakMb: number | null;
}

const tables = (registrations: number) => `
CREATE TABLE "Member" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL UNIQUE, name text, joined timestamptz);
CREATE TABLE "Registration" (id uuid PRIMARY KEY, "memberId" uuid NOT NULL, "eventId" uuid NOT NULL, status text NOT NULL,
  fee numeric(10,2), note text, "createdAt" timestamptz NOT NULL);
CREATE TABLE event_attendance (id integer PRIMARY KEY, event_id integer NOT NULL, member_id integer NOT NULL, status text, at timestamptz);
INSERT INTO "Member" (email, name, joined) SELECT 'm' || i || '@example.org', 'Member ' || i, now() FROM generate_series(1, ${Math.ceil(registrations / 10)}) i;
INSERT INTO "Registration" SELECT md5(i::text)::uuid, md5((i % 1000)::text)::uuid, md5((i % 700)::text || 'e')::uuid,
  (ARRAY['CONFIRMED', 'CANCELLED', 'WAITLISTED'])[i % 3 + 1], i % 100 + 0.25, md5((i * 7)::text) || ' ' || md5((i % 900)::text), now() - i * interval '1 second'
FROM generate_series(1, ${registrations}) i;
INSERT INTO event_attendance SELECT i, i % 5000, i % 9000, 'attended', now() FROM generate_series(1, ${registrations}) i;
CREATE INDEX ON "Registration" ("memberId");
CREATE INDEX ON "Registration" ("eventId");
CREATE INDEX ON event_attendance (event_id, member_id);
VACUUM ANALYZE;`;

/** Snapshot and restore beside `pg_dump -Fc` and `pg_restore` of the same data, in turn. Nothing where the system has no PostgreSQL. */
export async function snapshotFigures(registrations: number, rounds: number): Promise<Figure[]> {
  await using server = await systemPostgres();
  if (server === undefined) return [];
  const folder = mkdtempSync(join(tmpdir(), "runback-bench-snapshot-"));
  const vaultUrl = pathToFileURL(join(folder, "vault")).href;
  const admin = postgres(server.url, { max: 1, onnotice: () => {} });
  const urlOf = (name: string) => server.url.replace(/postgres$/, name);
  try {
    await admin`CREATE DATABASE source`;
    const source = postgres(urlOf("source"), { max: 1, onnotice: () => {} });
    for (const statement of tables(registrations).split(";\n")) await source.unsafe(statement);
    await source.end();
    const dump = join(folder, "dump");
    const taken: SnapshotChild[] = [];
    const restored: SnapshotChild[] = [];
    const [creates, restores]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const dumped = await timed(() => run(join(server.bin, "pg_dump"), ["-Fc", "-f", dump, urlOf("source")]));
      taken.push(await child<SnapshotChild>("snapshot-child.ts", ["create", urlOf("source"), vaultUrl]));
      creates.push(taken.at(-1)!.ms / dumped);
      await admin`CREATE DATABASE theirs`;
      await admin`CREATE DATABASE ours`;
      await admin`CHECKPOINT`;
      const back = await timed(() => run(join(server.bin, "pg_restore"), ["-d", urlOf("theirs"), dump]));
      await admin`CHECKPOINT`;
      const { snapshotId } = taken.at(-1)!;
      restored.push(await child<SnapshotChild>("snapshot-child.ts", ["restore", urlOf("ours"), vaultUrl, snapshotId]));
      restores.push(restored.at(-1)!.ms / back);
      await admin`DROP DATABASE theirs`;
      await admin`DROP DATABASE ours`;
    }
    const size = `${registrations.toLocaleString("en")} registrations`;
    const figure = (name: string, samples: number[], unit: Figure["unit"], limit: number): Figure => ({
      ...{ name, size, value: median(samples), unit, limit, better: "lower", samples },
    });
    return [
      figure("snapshot / pg_dump -Fc", creates, "x", 0.5),
      figure("restore, compared row by row / pg_restore", restores, "x", 1),
      figure(
        "peak memory of snapshot and restore",
        [...taken, ...restored].map((each) => each.peakMb ?? 0),
        "MB",
        300,
      ),
    ];
  } finally {
    await admin.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
