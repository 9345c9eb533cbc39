import { eventAttendance } from "../definitions/schema.ts";
import { eq } from "drizzle-orm";
import { db } from "./db.ts";

export async function markPresent(id: number) {
  await db.update(eventAttendance).set({ /*@*/ status: "present" }).where(eq(eventAttendance.id, id));
}
