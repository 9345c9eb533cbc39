import { eventAttendance } from "../definitions/schema.ts";

export const put = (db: Database, row: { id: number }) =>
  db.insert(eventAttendance).values(row).onDuplicateKeyUpdate({ set: { /*@*/ status: "walkin" } });
