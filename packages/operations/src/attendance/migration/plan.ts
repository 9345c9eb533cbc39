import { type LiveAttendance, type MigrationPlan, planMigration } from "@runback/attendance";
import { type Connection, type Engine, RunbackError } from "@runback/core";
import type { AttendanceMigration } from "./migrate-options.ts";
import { probeCodes } from "./probe-codes.ts";
import { readLive } from "./read-live.ts";

export interface LivePlan {
  readonly live: LiveAttendance;
  readonly plan: MigrationPlan;
}

/** What the target has and what it lacks. Words that a type seems to have are tried on one row, and the try is taken back. */
export async function livePlan(engine: Engine): Promise<LivePlan> {
  const live = await readLive(engine);
  const plan = planMigration(live, engine.dialect);
  const refused = await probeCodes(engine, live);
  return { live, plan: { ...plan, obstacles: [...plan.obstacles, ...refused] } };
}

export function planDocument(
  engine: Engine,
  { plan }: LivePlan,
): Pick<AttendanceMigration, "present" | "steps" | "differences" | "obstacles" | "atomic"> {
  return {
    present: plan.present,
    steps: plan.steps.map(({ object, sql, locks }) => ({ object, sql, locks })),
    differences: plan.differences,
    obstacles: plan.obstacles,
    atomic: engine.capabilities.transactionalDdl,
  };
}

/** @throws `ATTENDANCE_OBSTACLE` with everything that stands in the way */
export function assertNoObstacle({ plan }: LivePlan): void {
  if (plan.obstacles.length === 0) return;
  const said = plan.obstacles.map(({ object, detail }) => `${object} ${detail}`);
  throw new RunbackError("ATTENDANCE_OBSTACLE", `The attendance migration cannot be made: ${said.join("; ")}.`, {
    recovery:
      "Nothing was changed. Change or rename what is in the way, by a migration of your own; `runback attendance migrate --dry-run` shows what is left.",
    status: 409,
    details: { obstacles: plan.obstacles },
  });
}

/** Participants that have no attendance status; all of them while there is no such column. */
export async function countUnset(
  connection: Connection,
  engine: Engine,
  { participants }: LiveAttendance,
): Promise<number> {
  if (participants === undefined) return 0;
  const { dialect } = engine;
  const has = participants.columns.some(({ name }) => name === "attendance_status");
  const where = has ? ` WHERE ${dialect.id("attendance_status")} IS NULL` : "";
  const { rows } = await connection.query<{ unset: string }>(
    `SELECT ${dialect.cast("count(*)", "text")} AS unset FROM ${dialect.table(participants)}${where}`,
  );
  return Number(rows[0]!.unset);
}
