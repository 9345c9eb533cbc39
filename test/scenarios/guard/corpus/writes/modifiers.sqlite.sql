UPDATE OR IGNORE event_attendance SET /*@*/ status = 'absent';
INSERT OR REPLACE INTO event_attendance (id, /*@*/ status) VALUES (1, 'reg');
