import { EventAttendance as Row } from "../definitions/entities.ts";

export const one = (manager: EntityManager) => manager.update(Row, { id: 1, status: "reg" }, { /*@*/ status: "present" });
