import { eventAttendance } from "../definitions/schema.ts";

export async function patch(db: Database, late: boolean) {
  const changes: Record<string, unknown> = { updatedAt: new Date() };
  if (late) /*@*/ changes.status = "late";
  await db.update(eventAttendance).set(changes);
}
