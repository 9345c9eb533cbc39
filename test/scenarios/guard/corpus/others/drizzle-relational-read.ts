export const present = (db: Database) =>
  db.query.eventAttendance.findMany({ where: { status: "present" }, columns: { status: true, id: true } });
