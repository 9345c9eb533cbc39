import type { Connection } from "@runback/core";
import type { Context } from "../context.ts";
import { retryLocked } from "../run/retry-locked.ts";
import { emitMarked } from "./analytics.ts";
import { lockSubject, type Subject, type SubjectRef } from "./attendance-subject.ts";
import type { AttendanceTables } from "./attendance-tables.ts";
import type { Marked } from "./marked.ts";

/** Milliseconds a single mark waits for somebody else's; it is tried again after that. */
const patienceMs = 5_000;

/** Who is marked, by whom, and what that is called. */
export interface Marking {
  readonly subject: SubjectRef;
  readonly actor: string;
  readonly action: Parameters<typeof emitMarked>[3]["action"];
}

/**
 * Marks one participant in a transaction, in which the row is nobody else's; tried again where another one has it for too long, or both
 * wait for each other. What was committed is told to the application's analytics.
 *
 * @param work is given the time at which the row became this session's: whoever waited for it came then
 * @throws `PARTICIPANT_NOT_FOUND`, what the work throws
 */
export async function markSubject(
  context: Context,
  tables: AttendanceTables,
  { subject: ref, actor, action }: Marking,
  work: (tx: Connection, subject: Subject, at: Date) => Promise<Marked>,
): Promise<Marked> {
  const { engine, clock } = context;
  let at = clock.now();
  const marked = await retryLocked(() =>
    engine.transaction(
      async (tx) => {
        const subject = await lockSubject(engine, tx, tables, ref);
        at = clock.now();
        return await work(tx, subject, at);
      },
      { lockTimeoutMs: patienceMs },
    ),
  );
  emitMarked(context, tables, marked, { at, actor, action });
  return marked;
}
