import { EventAttendance } from "../definitions/entities.ts";

export async function present(dataSource: DataSource) {
  const rows = await dataSource.getRepository(EventAttendance).find({ where: { status: "present" } });
  const view = { status: "shown" };
  view.status = rows[0]!.status;
  return rows.map((row) => ({ id: row.id, status: row.status }));
}
