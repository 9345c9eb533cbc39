/*@*/ CREATE FUNCTION bridge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status_v2 IS DISTINCT FROM OLD.status_v2 THEN
    NEW.status := NEW.status_v2;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER bridge BEFORE UPDATE ON event_attendance FOR EACH ROW EXECUTE FUNCTION bridge();
