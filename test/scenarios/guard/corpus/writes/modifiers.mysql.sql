UPDATE IGNORE event_attendance SET /*@*/ status = 'absent';
UPDATE LOW_PRIORITY event_attendance SET /*@*/ status = 'absent' LIMIT 5;
