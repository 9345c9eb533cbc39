import { eventAttendance } from "../definitions/schema.ts";
import { and, eq } from "drizzle-orm";

export const markAbsent = async (db: Database, id: number) =>
  db
    .update(eventAttendance)
    .set({
      statusV2: "dna",
      updatedAt: new Date(),
      /*@*/ status: "absent",
    })
    .where(
      and(eq(eventAttendance.id, id), eq(eventAttendance.statusV2, "preregistered")),
    )
    .returning();
