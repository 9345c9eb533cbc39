import { EventAttendance } from "@acme/entities";

export function walkIn(manager: EntityManager) {
  const row = new EventAttendance();
  /*@*/ row.status = "walkin";
  return manager.save(row);
}
