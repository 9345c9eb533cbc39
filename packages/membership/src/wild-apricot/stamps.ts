import type { StampDeclaration } from "@runback/core";

/** The run's own time on every row it creates, and on every row it updates. */
export const stamps: readonly StampDeclaration[] = [
  { column: "createdAt", when: "create", value: { runTime: true } },
  { column: "updatedAt", when: "create-and-update", value: { runTime: true } },
];
