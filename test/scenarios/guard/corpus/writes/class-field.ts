import { eventAttendance } from "../definitions/schema.ts";

export class Attendance {
  constructor(private readonly db: Database) {}
  add = async () => this.db.insert(eventAttendance).values([{ id: 1 }, { id: 2, /*@*/ status: "reg" }]);
}
