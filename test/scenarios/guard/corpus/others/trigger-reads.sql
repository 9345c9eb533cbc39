CREATE TRIGGER audit AFTER UPDATE ON event_attendance
BEGIN
  INSERT INTO status_audit_log (attendance_id, prior_status, new_status) VALUES (NEW.id, OLD.status, NEW.status);
END;
