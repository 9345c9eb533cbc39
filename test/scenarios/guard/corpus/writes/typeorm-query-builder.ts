import { EventAttendance } from "../definitions/entities.ts";

export const all = (dataSource: DataSource) =>
  dataSource
    .createQueryBuilder()
    .update(EventAttendance)
    .set({ /*@*/ status: () => "status_v2" })
    .where("id = :id", { id: 1 })
    .execute();
