import { eventAttendance } from "../definitions/schema.ts";

export async function upsert(db: Database, row: { id: number; memberId: number }) {
  await db
    .insert(eventAttendance)
    .values(row)
    .onConflictDoUpdate({ target: eventAttendance.id, set: { /*@*/ status: "walk-in" } });
}
