SELECT status, COUNT(*) FROM event_attendance WHERE status IS NOT NULL GROUP BY status;
CREATE INDEX idx_status ON event_attendance (status);
ALTER TABLE event_attendance RENAME COLUMN status TO status_legacy;
DELETE FROM event_attendance WHERE status = 'cancelled';
