import { eventAttendance } from "../definitions/schema.ts";

export const patch = (db: Database, changes: { statusV2?: string; notes?: string }) => db.update(eventAttendance).set(changes);
