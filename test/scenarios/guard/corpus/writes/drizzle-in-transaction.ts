import { eventAttendance } from "../definitions/schema.ts";

export const run = (db: Database) =>
  db.transaction(async (tx) => {
    await tx.select().from(eventAttendance);
    await tx.update(eventAttendance).set({ /*@*/ ["status"]: "attended" });
  });
