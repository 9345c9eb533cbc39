import { eventAttendance } from "../definitions/schema.ts";

export async function addAll(db: Database, ids: readonly number[]) {
  const rows = ids.map((memberId) => ({
    memberId,
    /*@*/ status: "reg",
  }));
  await db.insert(eventAttendance).values(rows);
}
