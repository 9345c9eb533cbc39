import { attendanceRows } from "../definitions/renamed-schema.ts";

// Here `status` is the new column.
export const markPresent = (db: Database) => db.update(attendanceRows).set({ status: "checkedin" });
