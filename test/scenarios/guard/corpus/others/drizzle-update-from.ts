import { eq } from "drizzle-orm";
import { events, eventAttendance } from "../definitions/schema.ts";

export const complete = (db: Database) =>
  db.update(events).set({ status: "completed" }).from(eventAttendance).where(eq(eventAttendance.status, "reg"));
