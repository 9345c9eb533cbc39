import { eventAttendance as ea } from "../definitions/schema.ts";

export const walkIn = (tx: Transaction, id: number) => tx.update(ea).set({ /*@*/ status: "walkin" });
