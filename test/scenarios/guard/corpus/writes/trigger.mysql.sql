DELIMITER //
CREATE TRIGGER bridge BEFORE UPDATE ON event_attendance FOR EACH ROW
BEGIN
  IF NOT (NEW.status_v2 <=> OLD.status_v2) THEN
    SET NEW./*@*/ status = NEW.status_v2;
  END IF;
END//
DELIMITER ;
