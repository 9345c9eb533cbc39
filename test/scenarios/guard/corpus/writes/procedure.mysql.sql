DELIMITER $$
CREATE PROCEDURE close_event(IN event INT)
BEGIN
  DECLARE open INT DEFAULT 0;
  SELECT COUNT(*) INTO open FROM event_attendance WHERE event_id = event AND status = 'reg';
  IF open > 0 THEN
    UPDATE event_attendance SET /*@*/ status = 'absent' WHERE event_id = event AND status = 'reg';
  END IF;
END$$
DELIMITER ;
