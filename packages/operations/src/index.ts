export { acknowledgeAlert } from "./alerts/acknowledge-alert.ts";
export { type Delivered, type Delivery, deliverAlerts } from "./alerts/deliver-alerts.ts";
export { type AlertList, type AlertsRequest, listAlerts } from "./alerts/list-alerts.ts";
export { raiseAlert, resolveAlert } from "./alerts/raise-alert.ts";
export type { AlertRequest, Receiver, SendAlert } from "./alerts/receiver.ts";
export { type Watched, watch } from "./alerts/watch.ts";
export { type ApprovalRequest, approve } from "./approvals/approvals.ts";
export { type AnalyticsSink, analyticsLog } from "./attendance/analytics.ts";
export {
  type AttendanceEntry,
  attendanceEntries,
  type EntriesRequest,
} from "./attendance/attendance-entries.ts";
export type { AttendanceOptions } from "./attendance/attendance-options.ts";
export { type AttendanceReport, attendanceReport } from "./attendance/attendance-report.ts";
export type { SubjectRef } from "./attendance/attendance-subject.ts";
export { changeStatus, type StatusChange } from "./attendance/change-status.ts";
export { type CheckInRequest, checkIn } from "./attendance/check-in.ts";
export { advanceClosing, type CloseRequest, closeEvent, startClosing } from "./attendance/close-event.ts";
export type { AbsenceSummary, ClosingResult } from "./attendance/closing.ts";
export { closingOf } from "./attendance/closing-of.ts";
export { type CorrectionRequest, correctAttendance } from "./attendance/correct.ts";
export { type CompletionResult, closeDueEvents, dueEvents } from "./attendance/due-events.ts";
export type { Marked } from "./attendance/marked.ts";
export * from "./attendance/migration/index.ts";
export { type AnchorResult, anchorRetention, auditAnchor } from "./audit/anchor.ts";
export { type AuditExportResult, auditExport } from "./audit/export.ts";
export { auditList, maxAuditPage } from "./audit/list.ts";
export { type AuditVerifyResult, auditVerify } from "./audit/verify.ts";
export { type BundleCreated, bundleCreate } from "./bundle/create.ts";
export * from "./context.ts";
export { type AdvanceOptions, type AdvanceResult, advanceCutover } from "./cutover/advance.ts";
export { advanceBackfill, resumeBackfill, runBackfill, startBackfill } from "./cutover/backfill.ts";
export type { BackfillOptions } from "./cutover/backfill-options.ts";
export type { BackfillPlan, BackfillResult } from "./cutover/backfill-result.ts";
export { compareColumns } from "./cutover/compare.ts";
export { cutoverGate, type GateOptions } from "./cutover/gate.ts";
export type { GateCondition, GateResult } from "./cutover/gate-result.ts";
export type { MetricCounts, ReportedCounts } from "./cutover/metrics.ts";
export { type CutoverMonitored, monitorCutover } from "./cutover/monitor.ts";
export { planBackfill } from "./cutover/plan-backfill.ts";
export { type CutoverMetrics, type MetricSums, readMetrics } from "./cutover/read-metrics.ts";
export { type MetricsRecorded, type MetricsReport, recordMetrics } from "./cutover/record-metrics.ts";
export { type RetreatOptions, type RetreatResult, retreatCutover } from "./cutover/retreat.ts";
export { type CutoverShown, showCutover } from "./cutover/show.ts";
export { storedStates } from "./cutover/stored-states.ts";
export { type DoctorReport, doctor } from "./doctor/doctor.ts";
export type { DoctorOptions, Finding } from "./doctor/finding.ts";
export { runExec } from "./exec/exec.ts";
export type { ExecOptions, ExecResult } from "./exec/exec-options.ts";
export { type FreezeResult, freezeOff, freezeOn, freezeState } from "./freeze/freeze.ts";
export { advanceImport, resumeImport, runImport, startImport } from "./import/import.ts";
export type { ImportOptions } from "./import/import-options.ts";
export { type InitResult, init, initTrail } from "./init/init.ts";
export type { Policies } from "./policies.ts";
export * from "./report/index.ts";
export { retentionSweep, type SweepOptions, type SweepResult } from "./retention/sweep.ts";
export { planRollback } from "./rollback/plan-rollback.ts";
export { advanceRollback, runRollback } from "./rollback/rollback.ts";
export type { RollbackOptions } from "./rollback/rollback-options.ts";
export type { RollbackResult } from "./rollback/rollback-result.ts";
export { startRollback } from "./rollback/start-rollback.ts";
export type { Advanced } from "./run/advance.ts";
export { createSnapshot, type SnapshotOptions, type SnapshotResult } from "./snapshot/create.ts";
export { listAllSnapshots, type SnapshotDetails, type SnapshotSummary, showSnapshot } from "./snapshot/list.ts";
export { proveNewestSnapshot } from "./snapshot/prove-newest.ts";
export {
  advanceRestore,
  type RestoreOptions,
  type RestoreResult,
  restoreSnapshot,
  startRestore,
} from "./snapshot/restore.ts";
export { restoreSnapshotInto } from "./snapshot/restore-into.ts";
export { snapshotPort } from "./snapshot/snapshot-port.ts";
export { advanceSnapshot, startSnapshot } from "./snapshot/snapshot-run.ts";
export { type SnapshotVerification, verifySnapshot } from "./snapshot/verify.ts";
export {
  findToken,
  type MintedToken,
  mintToken,
  revokeToken,
  type TokenRequest,
  tokenSha256,
} from "./tokens/tokens.ts";
export { recordVerification, type VerifyListener, type VerifyOptions, verify } from "./verify/verify.ts";
