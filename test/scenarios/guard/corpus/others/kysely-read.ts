export const counts = (db: Kysely<Database>) =>
  db.selectFrom("event_attendance").select(["status", (eb) => eb.fn.countAll().as("n")]).groupBy("status").execute();
