module.exports = (knex) => knex("event_attendance as ea").where("ea.status", "reg").update({ status_v2: "preregistered" });
