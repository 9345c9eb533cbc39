export const markPresent = (db: Kysely<Database>, id: number) =>
  db.updateTable("event_attendance").set({ /*@*/ status: "present" }).where("id", "=", id).execute();
