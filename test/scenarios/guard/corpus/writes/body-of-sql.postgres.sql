CREATE FUNCTION close_all() RETURNS void LANGUAGE sql BEGIN ATOMIC
  UPDATE event_attendance SET /*@*/ status = 'absent';
END;
