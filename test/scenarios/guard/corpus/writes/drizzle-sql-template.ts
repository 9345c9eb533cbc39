import { eventAttendance } from "../definitions/schema.ts";
import { sql } from "drizzle-orm";

export const all = (db: Database) =>
  db.execute(sql`
    update ${eventAttendance}
    set /*@*/ status = ${"absent"}
    where ${eventAttendance.id} = ${1}
  `);
