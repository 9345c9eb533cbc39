import { eventAttendance } from "../definitions/schema.ts";
import { sql } from "drizzle-orm";

export const counts = (db: Database) =>
  db.execute(sql`select ${eventAttendance.status} as status, count(*) from ${eventAttendance} group by ${eventAttendance.status}`);
