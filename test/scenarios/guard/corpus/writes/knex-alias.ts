const TABLE = "event_attendance";
export const run = (trx: Knex.Transaction) => trx(`${TABLE} as ea`).where("ea.id", 1).update({ /*@*/ "ea.status": "attended" });
