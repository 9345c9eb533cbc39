module.exports = (knex) => knex("event_attendance").select("status").where({ status: "reg" }).groupBy("status");
