import { eventAttendance } from "../definitions/schema.ts";

export const add = (db: Database, memberId: number) => db.insert(eventAttendance).values({ memberId, /*@*/ "status": "reg" });
