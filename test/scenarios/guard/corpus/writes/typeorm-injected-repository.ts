import { EventAttendance } from "../definitions/entities.ts";

@Injectable()
export class AttendanceService {
  constructor(@InjectRepository(EventAttendance) private readonly attendance: Repository<EventAttendance>) {}

  async markPresent(id: number) {
    await this.attendance.save({ id, /*@*/ status: "present" });
  }
}
