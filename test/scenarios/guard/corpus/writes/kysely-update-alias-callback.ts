export const copyBack = (db: Kysely<Database>) =>
  db
    .updateTable("event_attendance as ea")
    .set((eb) => ({ /*@*/ status: eb.ref("ea.status_v2") }))
    .execute();
