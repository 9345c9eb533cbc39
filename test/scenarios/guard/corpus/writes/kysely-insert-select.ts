export const copy = (db: Kysely<Database>) =>
  db
    .insertInto("event_attendance")
    .columns(["id", /*@*/ "status"])
    .expression((eb) => eb.selectFrom("old_attendance").select(["id", "state"]));
