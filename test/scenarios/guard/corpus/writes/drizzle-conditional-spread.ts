import { eventAttendance } from "../definitions/schema.ts";

export const some = (db: Database, old: boolean) =>
  db.update(eventAttendance).set({ statusV2: "checkedin", ...(old && { /*@*/ status: "attended" }) });
