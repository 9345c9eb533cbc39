UPDATE event_attendance ea SET /*@*/ ea.status = 'absent' WHERE ea.id = 1;
UPDATE app.event_attendance SET /*@*/ app.event_attendance.status = 'absent';
