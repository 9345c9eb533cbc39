import { eventAttendance } from "../definitions/schema.ts";

const legacy = { /*@*/ status: "attended" };
export const both = (db: Database) => db.update(eventAttendance).set({ statusV2: "checkedin", ...legacy });
