import { pgTable, text } from "drizzle-orm/pg-core";

const eventAttendance = pgTable("archived_attendance", { status: text("status") });
export const archive = (db: Database) => db.update(eventAttendance).set({ status: "archived" });
