module.exports = (knex) => knex.insert({ id: 1, /*@*/ status: "reg" }).into("app.event_attendance");
