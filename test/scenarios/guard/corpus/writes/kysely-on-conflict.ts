export const put = (db: Kysely<Database>, id: number, code: string) =>
  db
    .insertInto("event_attendance")
    .values({ id, status_v2: code })
    .onConflict((oc) => oc.column("id").doUpdateSet({ /*@*/ status: (eb) => eb.ref("excluded.status_v2") }))
    .execute();
