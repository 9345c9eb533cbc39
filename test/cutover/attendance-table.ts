import { attendeeStatus } from "@runback/attendance";
import { type ColumnCutover, type Engine, mappingCase } from "@runback/core";
import { createSnapshot, monitorCutover } from "@runback/operations";
import { addProof } from "../../packages/operations/src/snapshot/proofs.ts";
import { auditTable, type TestContext, testContext } from "../operations/support.ts";
import type { EngineName } from "../support/engines.ts";

const hourMs = 60 * 60 * 1000;

/** Runbook 1's cutover with a table of its own, gates that a test can wait for, and what its people do. */
export async function attendanceTable(name: EngineName, change: Partial<ColumnCutover> = {}) {
  const opened: TestContext = await testContext(name);
  const { context, clock } = opened;
  const { engine } = context;
  await engine.query("CREATE TABLE event_attendance (id integer NOT NULL PRIMARY KEY, status varchar(100) NOT NULL)");
  const cutover: ColumnCutover = {
    ...attendeeStatus,
    gates: { cleanMonitorRuns: 2, observationHours: { 3: 2, 4: 2, 5: 4 } },
    ...change,
  };
  const table = {
    ...opened,
    engine,
    cutover,
    about: { operator: "ana", auditTable },
    later: (hours: number) => clock.advance(hours * hourMs),
    /** Rows as an application of before wrote them. */
    legacy: async (rows: Readonly<Record<number, string>>) => {
      for (const [id, status] of Object.entries(rows))
        await engine.query("INSERT INTO event_attendance (id, status) VALUES ($1, $2)", [Number(id), status]);
    },
    /** A new or changed row, written in both columns. */
    both: (id: number, status: string, code: string) => write(engine, id, { status, status_v2: code }),
    write: (id: number, columns: Readonly<Record<string, string | null>>) => write(engine, id, columns),
    /** What the backfill does, as one statement. */
    backfill: () =>
      engine.query(
        `UPDATE event_attendance SET status_v2 = ${mappingCase(cutover, engine.dialect)} WHERE status_v2 IS NULL`,
      ),
    snapshot: async (proven = true) => {
      const { snapshotId } = await createSnapshot(context, { operator: "ana", auditTable });
      // Snapshots restore in their own suites; a gate reads that they did.
      if (proven) await addProof(context.vault, snapshotId, clock.now(), {});
      return snapshotId;
    },
    monitored: async (times = 2) => {
      for (let run = 0; run < times; run++) await monitorCutover(context, cutover);
    },
    rows: async () =>
      (await engine.query<Record<string, unknown>>("SELECT * FROM event_attendance ORDER BY id")).rows.map((row) =>
        Object.values(row),
      ),
    guardReport: (report: object = {}) => ({
      checkedAt: clock.now().toISOString(),
      revision: { commit, dirty: false },
      cutovers: [{ name: cutover.name, table: "event_attendance", column: "status", phase: 4 }],
      ...{ passed: true, files: 12, sourceSha256: "0".repeat(64) },
      ...report,
    }),
  };
  return table;
}

export const commit = "0123456789abcdef0123456789abcdef01234567";

export type AttendanceTable = Awaited<ReturnType<typeof attendanceTable>>;

async function write(engine: Engine, id: number, columns: Readonly<Record<string, string | null>>): Promise<void> {
  const names = Object.keys(columns);
  const { count } = await engine.query(
    `UPDATE event_attendance SET ${names.map((name, at) => `${name} = $${at + 1}`).join(", ")} WHERE id = ${id}`,
    Object.values(columns),
  );
  const there = await engine.query(`SELECT id FROM event_attendance WHERE id = ${id}`);
  if (count === 0 && there.rows.length === 0)
    await engine.query(
      `INSERT INTO event_attendance (id, ${names.join(", ")}) VALUES (${id}, ${names.map((_, at) => `$${at + 1}`).join(", ")})`,
      Object.values(columns),
    );
}
