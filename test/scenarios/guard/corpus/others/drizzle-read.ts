import { eventAttendance } from "../definitions/schema.ts";
import { eq } from "drizzle-orm";

export const present = (db: Database) =>
  db.select({ status: eventAttendance.status }).from(eventAttendance).where(eq(eventAttendance.status, "present"));
