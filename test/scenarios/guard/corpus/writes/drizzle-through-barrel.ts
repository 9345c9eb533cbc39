import { attendance } from "../definitions/barrel.ts";

export const walkIn = (tx: Transaction, id: number) => tx.update(attendance).set({ /*@*/ status: "walkin" });
