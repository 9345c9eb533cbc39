/**
 * The statements of the attendee status handbook, in its order. Those it has as comments, for people to do when the time has
 * come, are marked.
 */
export const statements: readonly Statement[] = [
  { sql: "PRAGMA foreign_keys = ON" },
  { sql: "PRAGMA journal_mode = WAL" },
  { sql: ".backup main backup_before_status_v2.sqlite", commented: true },
  {
    sql: "ALTER TABLE event_attendance ADD COLUMN status_v2 TEXT CHECK (status_v2 IN ('preregistered','walkin','checkedin','dna'))",
  },
  { sql: "CREATE INDEX IF NOT EXISTS idx_event_attendance_status_v2 ON event_attendance(status_v2)" },
  {
    sql: `UPDATE event_attendance
SET status_v2 = (
  CASE
    WHEN status IN ('checkedin','attended','present') THEN 'checkedin'
    WHEN status IN ('dna','noshow','no_show') THEN 'dna'
    WHEN status IN ('walkin','walk_in') THEN 'walkin'
    ELSE 'preregistered'
  END
)
WHERE status_v2 IS NULL`,
  },
  {
    sql: `UPDATE event_attendance
SET status_v2 = (
  CASE
    WHEN status IN ('checkedin','attended','present') THEN 'checkedin'
    WHEN status IN ('dna','noshow','no_show') THEN 'dna'
    WHEN status IN ('walkin','walk_in') THEN 'walkin'
    ELSE 'preregistered'
  END
)
WHERE status_v2 IS NULL AND rowid BETWEEN 1 AND 50000`,
  },
  { sql: "ALTER TABLE event_attendance RENAME COLUMN status TO status_legacy" },
  { sql: "ALTER TABLE event_attendance DROP COLUMN status", commented: true },
  { sql: "SELECT status_v2, COUNT(*) FROM event_attendance GROUP BY status_v2" },
  { sql: "SELECT COUNT(*) AS null_rows FROM event_attendance WHERE status_v2 IS NULL" },
  {
    sql: `SELECT COUNT(*) AS mismatches
FROM event_attendance
WHERE status_v2 IS NOT NULL AND (
  (status_v2='checkedin' AND status NOT IN ('checkedin','attended','present')) OR
  (status_v2='dna' AND status NOT IN ('dna','noshow','no_show')) OR
  (status_v2='walkin' AND status NOT IN ('walkin','walk_in')) OR
  (status_v2='preregistered' AND status NOT IN ('preregistered','registered'))
)`,
  },
];

export interface Statement {
  readonly sql: string;
  readonly commented?: true;
}

/** What the SQL blocks of a page hold: statements, and those that stand in comments. Notes are left out. */
export function statementsOf(page: string): Statement[] {
  const blocks = [...page.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, text]) => text!);
  return blocks.flatMap((block) => {
    const found: Statement[] = [];
    const open: string[] = [];
    for (const line of block.split("\n")) {
      const comment =
        /^\s*--\s*(\.\w+ .*|(?:ALTER|CREATE|UPDATE|DELETE|INSERT|SELECT|PRAGMA)\b.*?);?(?:\s*--.*)?$/.exec(line);
      if (comment !== null) found.push({ sql: comment[1]!.replace(/;$/, ""), commented: true });
      const code = line.replace(/\s*--.*$/, "");
      if (code.trim() === "") continue;
      open.push(code);
      if (!code.trimEnd().endsWith(";")) continue;
      found.push({ sql: open.splice(0).join("\n").trim().replace(/;$/, "") });
    }
    return found;
  });
}
