export const merge = (db: Kysely<Database>) =>
  db.mergeInto("event_attendance as t").using("incoming", "incoming.id", "t.id").whenMatched().thenUpdateSet({ /*@*/ status: "x" });
