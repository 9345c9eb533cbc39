import * as schema from "../definitions/schema.ts";

export const walkIn = (tx: Transaction) => tx.update(schema.eventAttendance).set({ /*@*/ status: "walkin" });
