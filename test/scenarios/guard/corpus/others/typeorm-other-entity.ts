import { EventAttendance, EventRow } from "../definitions/entities.ts";

export async function complete(manager: EntityManager, id: number) {
  const event = await manager.findOneByOrFail(EventRow, { id });
  event.status = "completed";
  await manager.save(event);
  await manager.update(EventRow, { id }, { status: "completed" });
  const rows = await manager.findBy(EventAttendance, { status: "reg" });
  for (const row of rows) row.statusV2 = "dna";
  await manager.save(rows);
}
