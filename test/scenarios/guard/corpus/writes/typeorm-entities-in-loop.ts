import type { EventAttendance } from "../definitions/entities.ts";

export class Closing {
  private readonly rows: Repository<EventAttendance>;

  async close(eventId: number) {
    const open = await this.rows.find({ where: { status: "reg" } });
    for (const row of open) {
      /*@*/ row.status = "absent";
    }
    await this.rows.save(open);
  }
}
