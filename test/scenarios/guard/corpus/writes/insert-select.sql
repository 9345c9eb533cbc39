INSERT INTO event_attendance (id, member_id, /*@*/ status)
SELECT id, member_id, state FROM old_attendance;
