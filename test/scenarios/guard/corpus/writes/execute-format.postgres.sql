/*@*/ DO $$ BEGIN EXECUTE format('UPDATE %I SET status = %L', 'event_attendance', 'x'); END $$;
