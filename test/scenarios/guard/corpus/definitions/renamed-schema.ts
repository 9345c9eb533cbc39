import { pgTable, text, uuid } from "drizzle-orm/pg-core";

export const attendanceRows = pgTable("event_attendance", {
  id: uuid("id").primaryKey(),
  statusLegacy: text("status").notNull(),
  status: text("status_v2"),
});
