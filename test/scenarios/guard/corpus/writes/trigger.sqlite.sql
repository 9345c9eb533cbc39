CREATE TRIGGER bridge AFTER UPDATE OF status_v2 ON event_attendance
WHEN NEW.status IS NOT NEW.status_v2
BEGIN
  UPDATE event_attendance SET /*@*/ status = NEW.status_v2 WHERE id = NEW.id;
END;
