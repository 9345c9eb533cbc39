import { join } from "node:path";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { eventParticipants } from "@runback/attendance";
import { type Engine, silentLogger } from "@runback/core";
import { openEngine } from "@runback/engines";
import { analyticsLog, type Context, closeEvent } from "@runback/operations";
import { jsonLogger } from "@runback/runtime";
import { openVault } from "@runback/vault";
import { createConnection } from "mysql2/promise";
import { createTables, type Family } from "../attendance/tables.ts";
import { mysqlServer } from "../support/mysql-server.ts";
import { durable } from "./mysql-import.ts";
import { type Figure, median } from "./report.ts";
import type { Workspace } from "./workspace.ts";

const people = 5_000;
const auditTable = { schema: "runback", name: "audit" };

/** Closing an event of 5,000 who did not come, beside the two statements that mark and record them, on every engine. */
export async function attendanceFigures(workspace: Workspace, rounds: number): Promise<Figure[]> {
  const server = await mysqlServer(durable);
  try {
    const admin = await createConnection({ uri: server.adminUrl });
    await admin.query("CREATE DATABASE runback_bench CHARACTER SET utf8mb4");
    await admin.end();
    const url = new URL(server.adminUrl);
    url.pathname = "/runback_bench";
    return [
      await figure("PostgreSQL", "postgres", await workspace.database(), rounds),
      await figure("MariaDB", "mysql", url.href, rounds),
      await figure("SQLite", "sqlite", `sqlite://${join(workspace.folder, "attendance.db")}`, rounds),
    ];
  } finally {
    await server.stop();
  }

  async function figure(name: string, family: Family, url: string, rounds: number): Promise<Figure> {
    const engine = await openEngine(url);
    const vault = await openVault(pathToFileURL(join(workspace.folder, "vault")).href);
    await engine.init();
    await engine.transaction((tx) => engine.protectAudit(tx, auditTable));
    await createTables(engine, family, "participants");
    const context: Context = {
      ...{ engine, vault, logger: silentLogger, holder: "bench:1", isDead: () => false },
      clock: { now: () => new Date() },
      // As an installation has it: a line for each of them.
      analytics: analyticsLog(jsonLogger(new Writable({ write: (_line, _encoding, written) => written() }), "bench")),
    };
    const bares: number[] = [];
    const closings: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      await fill(engine, 2 * round + 1);
      const bare = await timed(() => statementPair(engine, 2 * round + 1));
      await fill(engine, 2 * round + 2);
      const event = String(2 * round + 2);
      let flagged = 0;
      const closing = await timed(async () => {
        const closed = await closeEvent(context, {
          vocabulary: eventParticipants,
          event,
          operator: "bench",
          auditTable,
        });
        flagged = closed.summary.flagged;
      });
      if (flagged !== people) throw new Error(`the closing marked ${flagged}`);
      // The first one prepares statements, pages and the tables' triggers.
      if (round === 0) continue;
      bares.push(bare);
      closings.push(closing);
    }
    await engine.close();
    await vault.close();
    return {
      name: `auto-absence on ${name}, journal on / bare statement pair`,
      size: `${people.toLocaleString("en")} participants`,
      ...{ value: median(closings) / median(bares), unit: "x", limit: 3, better: "lower" },
      // A statement of 50 ms is doubled by whatever else the machine does: medians of both, not of their ratios.
      samples: closings.map((seconds, at) => seconds / bares[at]!),
    };
  }
}

async function fill(engine: Engine, event: number): Promise<void> {
  await engine.script(
    `INSERT INTO events (event_id, uid, title, start_datetime, end_datetime, status) VALUES
       (${event}, 'event-${event}', 'Event', '2026-01-01 18:00:00', '2026-01-01 20:00:00', 'published')`,
  );
  const values = Array.from({ length: people }, (_, at) => `(${event}, ${at + 1}, 'registered', 'unknown')`);
  await engine.script(
    `INSERT INTO event_participants (event_id, user_id, status, attendance_status) VALUES ${values.join(", ")}`,
  );
}

async function statementPair(engine: Engine, event: number): Promise<void> {
  const now = new Date().toISOString().slice(0, 23).replace("T", " ");
  const who = `event_id = ${event} AND status = 'registered' AND (attendance_status IS NULL OR attendance_status = 'unknown')`;
  await engine.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO event_attendance_audit (event_id, participant_id, user_id, marked_by, action, previous_status, new_status, reason, dedupe_key, performed_at)
       SELECT event_id, participant_id, user_id, 'bench', 'mark_absent', attendance_status, 'absent', 'auto-absent', concat('bare-${event}:', participant_id), '${now}'
       FROM event_participants WHERE ${who}`,
    );
    await tx.query(
      `UPDATE event_participants SET attendance_status = 'absent', attendance_marked_at = '${now}', attendance_marked_by = 'bench',
         attendance_updated_at = '${now}' WHERE ${who}`,
    );
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
