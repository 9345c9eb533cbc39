import type { ConflictPolicy, UndoCursor, UndoPlan } from "@runback/core";

/** Where a rollback stands; stored with its run. */
export type RollbackCheckpoint =
  | {
      readonly phase: "revert";
      readonly plan: UndoPlan;
      readonly policy: ConflictPolicy;
      readonly cursor: UndoCursor;
      readonly stepRows: number;
      readonly done: number;
    }
  | {
      readonly phase: "evidence";
      readonly plan: UndoPlan;
      readonly policy: ConflictPolicy;
      readonly completedAt: string;
      readonly done: number;
      readonly remaining: number;
    };
