import { attendanceRows } from "../definitions/renamed-schema.ts";

export const restore = (db: Database) => db.update(attendanceRows).set({ status: "dna", /*@*/ statusLegacy: "absent" });
