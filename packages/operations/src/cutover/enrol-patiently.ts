import type { Table } from "@runback/core";
import type { Context } from "../context.ts";
import { metLock } from "./met-lock.ts";
import { rest } from "./rest.ts";

/** Whoever writes the table queues up behind the lock that making its triggers waits for: so it waits only this long. */
const lockMs = 300;
const attemptsAtMost = 30;

/**
 * Installs the capture triggers of a table that others write, for a run that changes one column; does nothing where they are.
 *
 * @throws `LOCK_TIMEOUT` when some transaction on the table did not end in about half a minute; nothing was changed
 */
export async function enrolPatiently({ engine, signal }: Context, table: Table, column: string): Promise<void> {
  const run = { updates: [column] };
  for (let attempt = 1; ; attempt++) {
    try {
      return await engine.transaction((tx) => engine.journal.enroll(tx, [table], run), { lockTimeoutMs: lockMs });
    } catch (error) {
      if (!metLock(error) || attempt === attemptsAtMost || signal?.aborted) throw error;
    }
    await rest(Math.min(1_000, 50 * attempt), signal);
  }
}
