import type { Run } from "@runback/core";
import * as operations from "@runback/operations";
import { type AttendanceEventVerbs, attendanceEventVerbs } from "./attendance-event-verbs.ts";
import { mainTrail } from "./audit-trails.ts";
import type { RunbackConfig } from "./config.ts";

export interface RemovalRequest {
  readonly operator: string;
  readonly approval?: string;
}

/** Attendance of one target, wired. */
export interface AttendanceVerbs extends AttendanceEventVerbs {
  /** What the migration would do; nothing is recorded. */
  planMigration(): Promise<operations.AttendanceMigration>;
  /** @throws `ATTENDANCE_OBSTACLE` */
  migrate(request: { readonly operator: string }): Promise<operations.AttendanceMigration>;
  /** Records it without executing it: `Runtime.advance` does. Null when everything is in place. */
  startMigration(request: { readonly operator: string }): Promise<Run | null>;
  /** Post-migration validation; its failure raises an alert unless told otherwise. */
  verifyMigration(options?: { readonly alert: boolean }): Promise<operations.AttendanceVerification>;
  /** @throws `ATTENDANCE_AUDIT_MISSING` */
  triggers(): Promise<operations.AuditTriggers>;
  /** @throws `ATTENDANCE_AUDIT_MISSING`, `ATTENDANCE_TRIGGERS_REFUSED` */
  setTriggers(request: { readonly on: boolean; readonly operator: string }): Promise<operations.AuditTriggers>;
  /** What a schedule calls. @throws `ATTENDANCE_AUDIT_CHANGED`, `ATTENDANCE_ANCHOR_DAMAGED`, `ATTENDANCE_TABLES_MISSING` where attendance is configured, `ATTENDANCE_AUDIT_UNWATCHED` */
  scanAudit(baseline?: { readonly reason: string; readonly operator: string }): Promise<operations.AuditScan>;
  /** What taking the migration back would remove, and the digest that an approval signs. */
  planRemoval(): Promise<operations.AttendanceRemoval>;
  /** @throws `APPROVAL_REQUIRED`, `ATTENDANCE_EXPORT_UNVERIFIED` */
  remove(request: RemovalRequest): Promise<operations.AttendanceRemoval>;
  /** Checks and records it without executing it: `Runtime.advance` does. Null when there is nothing to remove. */
  startRemoval(request: RemovalRequest): Promise<Run | null>;
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
    verifyMigration: (options) => operations.verifyAttendance(context, options),
    triggers: () => operations.attendanceTriggers(context),
    setTriggers: (request) => operations.setAttendanceTriggers(context, { ...request, auditTable }),
    scanAudit: (baseline) =>
      operations.scanAttendanceAudit(context, {
        ...(config.attendance === undefined ? {} : { configured: config.attendance.vocabulary }),
        ...(baseline === undefined ? {} : { baseline: { ...baseline, auditTable } }),
      }),
    planRemoval: () => operations.planAttendanceRemoval(context),
    remove: (request) => operations.removeAttendance(context, { ...request, auditTable }),
    startRemoval: (request) => operations.startAttendanceRemoval(context, { ...request, auditTable }),
    advance: async (run, budgetMs) => {
      if (run.migration !== operations.attendanceMigration)
        return void (await operations.advanceClosing(context, run.runId, budgetMs));
      const { verb } = run.input as { verb: operations.AttendanceVerb };
      if (verb === "migrate") await operations.advanceAttendanceMigration(context, run.runId, budgetMs);
      else await operations.advanceAttendanceRemoval(context, run.runId, budgetMs);
    },
  };
}
