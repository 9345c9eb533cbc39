module.exports = (knex, row) =>
  knex("event_attendance")
    .insert({ id: row.id, status_v2: row.code })
    .onConflict("id")
    .merge({ /*@*/ status: row.code });
