import { eventAttendance } from "../definitions/schema.ts";

function setOn(table: any, values: Record<string, unknown>) {
  return db.update(table).set(values);
}

export const done = () => setOn(eventAttendance, { /*@*/ status: "attended" });
