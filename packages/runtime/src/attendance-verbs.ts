import type { Run } from "@runback/core";
import * as operations from "@runback/operations";
import { type AttendanceEventVerbs, attendanceEventVerbs } from "./attendance-event-verbs.ts";
import { mainTrail } from "./audit-trails.ts";
import type { RunbackConfig } from "./config.ts";

/** Attendance of one target, wired. */
export interface AttendanceVerbs extends AttendanceEventVerbs {
  /** What the migration would do; nothing is recorded. */
  planMigration(): Promise<operations.AttendanceMigration>;
  /** @throws `ATTENDANCE_OBSTACLE` */
  migrate(request: { readonly operator: string }): Promise<operations.AttendanceMigration>;
  /** Records it without executing it: `Runtime.advance` does. Null when everything is in place. */
  startMigration(request: { readonly operator: string }): Promise<Run | null>;
  /** Commits steps of a run of attendance until the budget is spent. */
  advance(run: Run, budgetMs: number): Promise<void>;
}

export function attendanceVerbs(context: operations.Context, config: RunbackConfig): AttendanceVerbs {
  const auditTable = mainTrail(config);
  return {
    ...attendanceEventVerbs(context, config),
    planMigration: () => operations.planAttendance(context),
    migrate: (request) => operations.migrateAttendance(context, { ...request, auditTable }),
    startMigration: (request) => operations.startAttendanceMigration(context, { ...request, auditTable }),
    advance: async (run, budgetMs) => {
      if (run.migration === operations.attendanceMigration)
        await operations.advanceAttendanceMigration(context, run.runId, budgetMs);
      else await operations.advanceClosing(context, run.runId, budgetMs);
    },
  };
}
