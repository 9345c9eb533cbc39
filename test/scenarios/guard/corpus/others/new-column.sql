-- UPDATE event_attendance SET status = 'x'
UPDATE event_attendance SET status_v2 = CASE WHEN status IN ('reg') THEN 'preregistered' END WHERE status_v2 IS NULL;
INSERT INTO event_attendance (id, status_v2) VALUES (1, 'set status = 1') ON CONFLICT (id) DO UPDATE SET status_v2 = excluded.status_v2;
