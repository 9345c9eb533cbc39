export { eventAttendance as attendance, events } from "./schema.js";
