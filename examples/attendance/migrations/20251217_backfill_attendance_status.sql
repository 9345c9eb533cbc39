-- Made from the definition of the attendance migration, for MariaDB, whose DDL knows IF NOT EXISTS. Run any number of times.
-- It looks at names only: what is there in another type, `runback attendance migrate --dry-run` tells.

UPDATE event_participants SET attendance_status = 'unknown' WHERE attendance_status IS NULL;
