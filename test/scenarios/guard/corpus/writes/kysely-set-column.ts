export const one = (db: Kysely<Database>) => db.updateTable("event_attendance").set(/*@*/ "status", "dna").execute();
