import { EventAttendance } from "../definitions/entities.ts";

export const markPresent = (dataSource: DataSource, id: number) =>
  dataSource.getRepository(EventAttendance).update({ id }, { /*@*/ status: "present" });
