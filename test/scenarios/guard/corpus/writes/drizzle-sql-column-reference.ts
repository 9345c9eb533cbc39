import { eventAttendance } from "../definitions/schema.ts";
import { sql } from "drizzle-orm";

export const all = (db: Database) => db.run(/*@*/ sql`UPDATE ${eventAttendance} SET ${sql.identifier("status")} = 'dna'`);
