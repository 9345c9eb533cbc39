import { EventAttendance } from "../definitions/entities.ts";

export const map = (manager: EntityManager) =>
  manager.getRepository(EventAttendance).update({ status: "absent" }, { statusV2: "dna" });
