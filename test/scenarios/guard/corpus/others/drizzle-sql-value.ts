import { eventAttendance } from "../definitions/schema.ts";
import { sql } from "drizzle-orm";

export const map = (db: Database) =>
  db.update(eventAttendance).set({ statusV2: sql`case when ${eventAttendance.status} = 'reg' then 'preregistered' end` });
