import { eventAttendance } from "../definitions/schema.ts";
import { eq } from "drizzle-orm";

export const remove = (db: Database) => db.delete(eventAttendance).where(eq(eventAttendance.status, "cancelled"));
