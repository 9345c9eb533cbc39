GRANT SELECT, UPDATE (status) ON event_attendance TO app;
COMMENT ON COLUMN event_attendance.status IS 'update nothing here; set status_v2';
COPY event_attendance (id, status) TO stdout;
ALTER TABLE event_attendance ALTER COLUMN status SET DEFAULT 'x';
