import { eventAttendance } from "../definitions/schema.ts";

const table = eventAttendance;
const query = db.update(table);
export const run = () => query.set({ /*@*/ status: "attended" });
