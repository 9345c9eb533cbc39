import { type Connection, RunbackError } from "@runback/core";
import { runNumber } from "./run-number.ts";
import type { Session } from "./session.ts";

/** Names a run in the transaction that is open; `forgetRun` takes the name away before it commits. */
export async function nameRun(tx: Connection, runId: string): Promise<void> {
  const run = await runNumber(tx, runId);
  await tx.query("INSERT INTO runback_marker (slot, run) VALUES (0, $1) ON CONFLICT (slot) DO UPDATE SET run = $1", [
    run,
  ]);
}

/** The last thing before a commit: a name that stayed would be seen by every other writer. */
export function forgetRun(session: Session): void {
  if (session.run("SELECT 1 FROM sqlite_schema WHERE name = 'runback_marker'").count === 0) return;
  session.run("DELETE FROM runback_marker WHERE slot = 0");
}

/**
 * Names a run for every session from the next commit on, while a program runs that cannot name it itself: SQLite tells
 * sessions apart by nothing a trigger can read. Whatever anybody writes meanwhile belongs to that run.
 *
 * @throws `LEASE_HELD` while another program's run is named
 */
export async function openWindow(tx: Connection, runId: string): Promise<void> {
  await endDeadWindows(tx);
  const run = await runNumber(tx, runId);
  const named = await tx.query<{ run_id: string }>(
    "SELECT r.run_id FROM runback_marker m JOIN runback_runs r ON r.num = m.run WHERE m.slot = 1 AND m.run <> $1",
    [run],
  );
  const other = named.rows[0]?.run_id;
  if (other !== undefined) {
    throw new RunbackError(
      "LEASE_HELD",
      `Run ${other} is writing to this target, and SQLite cannot tell two programs apart.`,
      {
        recovery: `Nothing was started. Wait for it to finish (\`runback runs show ${other}\`).`,
        status: 409,
        details: { runId: other },
      },
    );
  }
  await tx.query("INSERT INTO runback_marker (slot, run) VALUES (1, $1) ON CONFLICT (slot) DO NOTHING", [run]);
}

export async function closeWindow(tx: Connection, runId: string): Promise<void> {
  await tx.query(
    "DELETE FROM runback_marker WHERE slot = 1 AND run = (SELECT num FROM runback_runs WHERE run_id = $1)",
    [runId],
  );
}

/** A window whose Runback died stays open, so that nothing its program writes is lost; here it ends, once its lease did. */
export async function endDeadWindows(tx: Connection): Promise<void> {
  await tx.query(
    `DELETE FROM runback_marker WHERE slot = 1 AND NOT EXISTS (
       SELECT 1 FROM runback_runs r JOIN runback_leases l ON l.run_id = r.run_id
       WHERE r.num = runback_marker.run AND r.state = 'running' AND l.expires_at > unixepoch('subsec') * 1000)`,
  );
}
