export const moved = (db: Kysely<Database>) =>
  db
    .with("changed", (qb) => qb.updateTable("event_attendance").set({ /*@*/ status: "dna" }).returning("id"))
    .selectFrom("changed")
    .selectAll();
