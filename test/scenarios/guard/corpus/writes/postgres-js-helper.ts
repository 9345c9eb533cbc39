import postgres from "postgres";
const sql = postgres();

export const update = (id: number, status: string) =>
  /*@*/ sql`update event_attendance set ${sql({ status, updated_at: new Date() })} where id = ${id}`;
