UPDATE events e SET status = 'completed' WHERE EXISTS (SELECT 1 FROM event_attendance ea WHERE ea.event_id = e.id AND ea.status = 'reg');
INSERT INTO status_audit_log (attendance_id, status) SELECT id, status FROM event_attendance;
UPDATE event_attendance_archive SET status = 'x';
INSERT INTO archive.attendance SELECT * FROM event_attendance;
