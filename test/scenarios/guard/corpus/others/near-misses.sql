UPDATE event_attendance ea LEFT JOIN events e USING (event_id) SET e.status = 1, ea.status_v2 = 2;
INSERT INTO event_attendance (id) VALUES (1) ON CONFLICT (id) WHERE status = 'x' DO NOTHING;
UPDATE event_attendance SET status_v2 = (SELECT status FROM events LIMIT 1) WHERE status IS NOT NULL RETURNING status;
INSERT INTO event_attendance DEFAULT VALUES;
UPDATE IGNORE events SET status = 'x' WHERE id IN (SELECT event_id FROM event_attendance);
CREATE TABLE copied AS SELECT status FROM event_attendance;
CREATE VIEW seen AS SELECT status FROM event_attendance;
