REPLACE INTO event_attendance (id, /*@*/ status) VALUES (1, 'reg');
REPLACE INTO event_attendance SET id = 2, /*@*/ status = 'reg';
