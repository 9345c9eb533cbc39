import { eventAttendance } from "../definitions/schema.ts";

export function patch(db: Database, { status, ...rest }: { status: string; notes: string }) {
  const event = { status, updatedAt: new Date() };
  publish(event);
  return db.update(eventAttendance).set({ notes: rest.notes });
}
