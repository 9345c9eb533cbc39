import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const members = sqliteTable("members", { id: integer("id").primaryKey(), email: text("email") });

export const events = sqliteTable("events", {
  id: integer("id").primaryKey(),
  status: text("status").notNull(),
});

export const eventAttendance = sqliteTable("event_attendance", {
  id: integer("id").primaryKey(),
  memberId: integer("member_id").notNull(),
  status: text("status").notNull(),
  statusV2: text("status_v2"),
});
