DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT id FROM event_attendance LOOP
    /*@*/ UPDATE event_attendance SET status = 'absent' WHERE id = r.id;
  END LOOP;
END $$;
