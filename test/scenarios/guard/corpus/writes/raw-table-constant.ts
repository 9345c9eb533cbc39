const ATTENDANCE = "event_attendance";
const column = "status";

export const run = (db: Db) => db.query(/*@*/ `UPDATE ${ATTENDANCE} AS a SET ${column} = 'dna' WHERE a.id = $1`);
