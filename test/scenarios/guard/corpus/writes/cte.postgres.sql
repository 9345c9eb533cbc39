WITH closed AS (
  SELECT id FROM events WHERE status = 'completed'
), changed AS (
  UPDATE ONLY public.event_attendance ea
     SET (status_v2, /*@*/ status) = ROW('dna', 'absent')
    FROM closed
   WHERE ea.event_id = closed.id
  RETURNING ea.id
)
SELECT count(*) FROM changed;
