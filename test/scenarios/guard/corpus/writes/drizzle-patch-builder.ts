import { eventAttendance } from "../definitions/schema.ts";

function changesFor(code: string) {
  return { statusV2: code, /*@*/ status: code };
}

export const change = (db: Database, code: string) => db.update(eventAttendance).set(changesFor(code));
