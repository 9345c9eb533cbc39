import { RunbackError } from "@runback/core";
import type { SubjectRef } from "@runback/operations";

/** Options that name one participant. */
export interface SubjectOptions {
  readonly participant?: string;
  readonly event?: string;
  readonly user?: string;
}

/** @throws `USAGE` unless it is one participant that is named */
export function subjectOf({ participant, event, user }: SubjectOptions): SubjectRef {
  if (participant !== undefined && event === undefined && user === undefined) return { participant };
  if (participant === undefined && event !== undefined && user !== undefined) return { event, user };
  throw new RunbackError("USAGE", "One participant has to be named.", {
    recovery: "Pass --participant <id>, or --event <id> and --user <id>.",
  });
}
