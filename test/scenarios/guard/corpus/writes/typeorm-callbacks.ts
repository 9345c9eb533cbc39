import { EventAttendance } from "@acme/entities";

export class Closing {
  @InjectRepository(EventAttendance) private rows!: Repository<EventAttendance>;

  async close() {
    const rows = await this.rows.find();
    rows.forEach((row) => {
      /*@*/ row.status = "absent";
    });
    await this.rows.createQueryBuilder().update().set({ /*@*/ status: "absent" }).execute();
  }
}
