import { eventAttendance } from "../definitions/schema.ts";

export async function near(db: Database, res: Response, row: { status: string; statusV2: string }) {
  await db.insert(log).values({ table: "event_attendance", status: "x" });
  await db.batch([db.update(eventAttendance).set({ statusV2: "dna" }), db.select().from(eventAttendance)]);
  cache.set("event_attendance", { status: 1 });
  expect(db.update).toHaveBeenCalledWith(eventAttendance, { status: "x" });
  return res.status(200).json({ eventAttendance: { status: row.status } });
}
