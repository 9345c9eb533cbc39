UPDATE event_attendance
   SET updated_at = CURRENT_TIMESTAMP,
       /*@*/ status = 'absent'
 WHERE status_v2 = 'dna';
