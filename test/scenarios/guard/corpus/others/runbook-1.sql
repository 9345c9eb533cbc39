PRAGMA foreign_keys = ON;
PRAGMA journal_mode = WAL; -- reduce lock contention during backfill

-- .backup main backup_before_status_v2.sqlite

ALTER TABLE event_attendance ADD COLUMN status_v2 TEXT CHECK (status_v2 IN ('preregistered','walkin','checkedin','dna'));
CREATE INDEX IF NOT EXISTS idx_event_attendance_status_v2 ON event_attendance(status_v2);

UPDATE event_attendance
SET status_v2 = (
  CASE
    WHEN status IN ('checkedin','attended','present') THEN 'checkedin'
    WHEN status IN ('dna','noshow','no_show') THEN 'dna'
    WHEN status IN ('walkin','walk_in') THEN 'walkin'
    ELSE 'preregistered'
  END
)
WHERE status_v2 IS NULL AND rowid BETWEEN 1 AND 50000;

SELECT COUNT(*) AS mismatches
FROM event_attendance
WHERE status_v2 IS NOT NULL AND (
  (status_v2='checkedin' AND status NOT IN ('checkedin','attended','present')) OR
  (status_v2='preregistered' AND status NOT IN ('preregistered','registered'))
);
