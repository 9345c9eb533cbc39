module.exports = (knex, ids) => knex.batchInsert("event_attendance", ids.map((id) => ({ id, /*@*/ status: "reg" })), 500);
