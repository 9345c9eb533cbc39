import { events, eventAttendance } from "../definitions/schema.ts";

export async function complete(db: Database) {
  await db.update(events).set({ status: "completed" });
  await db.insert(events).values({ id: 1, status: "draft" });
  return db.select().from(eventAttendance);
}
