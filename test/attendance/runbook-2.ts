import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The sql blocks of the runbook in its order, word for word. */
const kept = {
  verification: `-- Check table exists
SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'event_attendance_audit';

-- Check columns
SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'event_participants' AND COLUMN_NAME IN ('attendance_status','attendance_marked_at','attendance_marked_by','attendance_notes','attendance_updated_at');

-- Check indexes
SELECT INDEX_NAME FROM INFORMATION_SCHEMA.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'event_participants' AND INDEX_NAME = 'idx_participants_event_attendance';
`,
  backfill: `SELECT COUNT(*) FROM event_participants WHERE status = 'registered' AND (attendance_status IS NULL OR attendance_status = 'unknown');
`,
  triggers: `DELIMITER $$
CREATE TRIGGER trg_event_attendance_audit_no_update
BEFORE UPDATE ON event_attendance_audit FOR EACH ROW
BEGIN
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT='event_attendance_audit is append-only';
END$$

CREATE TRIGGER trg_event_attendance_audit_no_delete
BEFORE DELETE ON event_attendance_audit FOR EACH ROW
BEGIN
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT='event_attendance_audit is append-only and cannot be deleted';
END$$
DELIMITER ;
`,
} as const;

export const files = [
  "20251217_add_attendance_columns_and_audit_table.sql",
  "20251217_backfill_attendance_status.sql",
] as const;

/** The runbook of the folder that `RUNBACK_RUNBOOKS` names, where it has it. */
export function runbookFile(): string | undefined {
  const folder = process.env.RUNBACK_RUNBOOKS;
  const file = folder === undefined ? undefined : join(folder, "2-attendance-mysql.md");
  return file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** What the runbook has its reader type into a SQL client. */
export function runbookBlocks(): { verification: string; backfill: string; triggers: string } {
  const text = runbookFile();
  if (text === undefined) return kept;
  const [verification, backfill, triggers, ...more] = [...text.matchAll(/^```sql\n(.*?)^```$/gms)].map(
    (each) => each[1]!,
  );
  if (verification === undefined || backfill === undefined || triggers === undefined || more.length > 0)
    throw new Error("the runbook has another number of sql blocks than the three that are known");
  return { verification, backfill, triggers };
}

export const keptBlocks = kept;

/** Statements of a block without a DELIMITER line, comments left out. */
export function statements(block: string): string[] {
  return block
    .split("\n")
    .filter((line) => !line.startsWith("--"))
    .join("\n")
    .split(/;\s*(?:\n|$)/)
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
