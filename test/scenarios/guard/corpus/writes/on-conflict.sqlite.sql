INSERT INTO event_attendance (id, status_v2) VALUES (?1, ?2)
ON CONFLICT (id) DO UPDATE SET /*@*/ status = excluded.status_v2 WHERE event_attendance.status IS NOT excluded.status_v2;
