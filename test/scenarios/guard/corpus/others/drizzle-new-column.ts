import { eventAttendance } from "../definitions/schema.ts";

export const markPresent = (db: Database) => db.update(eventAttendance).set({ statusV2: "checkedin" });
