import { EventAttendance } from "../definitions/entities.ts";

export async function markPresent(manager: EntityManager, id: number) {
  const row = await manager.findOneByOrFail(EventAttendance, { id });
  row.statusV2 = "checkedin";
  /*@*/ row.status = "present";
  await manager.save(row);
}
