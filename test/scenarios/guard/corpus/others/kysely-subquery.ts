export const copy = (db: Kysely<Database>) =>
  db.updateTable("members").set((eb) => ({
    status: eb.selectFrom("event_attendance").select("status").whereRef("member_id", "=", "members.id").limit(1),
  }));
