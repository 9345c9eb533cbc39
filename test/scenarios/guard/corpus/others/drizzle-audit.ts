import { auditLog, eventAttendance } from "./other-schema.ts";

export async function audit(tx: Transaction, row: { id: number; status: string }) {
  await tx.insert(auditLog).values({ attendanceId: row.id, status: row.status });
  await tx.update(eventAttendance).set({ statusV2: "dna" });
}
