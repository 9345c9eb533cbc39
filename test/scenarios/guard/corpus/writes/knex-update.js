exports.up = async function (knex) {
  await knex("event_attendance").where({ id: 1 }).update({ /*@*/ status: "attended" });
};
