import type { Subject } from "./attendance-subject.ts";

/** What marking one participant did. */
export interface Marked {
  readonly participant: string;
  readonly event: string;
  /** False: they were so already, and nothing was written. */
  readonly changed: boolean;
  readonly previous: string | null;
  readonly status: string;
}

/** What marking one participant says of them; whether it changed anything is the operation's to add. */
export function markedAs({ participant, event, attendance }: Subject, status: string): Omit<Marked, "changed"> {
  return { participant, event, previous: attendance, status };
}
