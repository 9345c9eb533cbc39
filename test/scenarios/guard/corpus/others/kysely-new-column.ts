export const map = (db: Kysely<Database>) =>
  db.updateTable("event_attendance").set({ status_v2: "dna" }).where("status", "in", ["absent", "noshow"]).execute();
