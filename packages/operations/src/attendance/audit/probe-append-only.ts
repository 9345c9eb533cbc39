import { attendanceActions } from "@runback/attendance";
import { type Connection, type Engine, RunbackError, type Table } from "@runback/core";

/** What became of one change that was tried and taken back. */
export interface Probe {
  readonly change: "UPDATE" | "DELETE";
  readonly outcome: "refused" | "accepted" | "not tried";
}

class Discard extends Error {}

const lockTimeoutMs = 2_000;

/**
 * Tries to change and to delete one audit row, in a transaction that is rolled back. Where there is none it makes one of a
 * participant's, in the same transaction; without a participant either, nothing is tried.
 */
export async function probeAppendOnly(engine: Engine, audit: Table, participants: Table): Promise<readonly Probe[]> {
  const { id, table, cast, literal } = engine.dialect;
  const probes: Probe[] = [];
  const work = async (tx: Connection) => {
    const newest = `SELECT ${cast(`max(${id("id")})`, "text")} AS id FROM ${table(audit)}`;
    let row = (await tx.query<{ id: string | null }>(newest)).rows[0]!.id;
    if (row === null) {
      const keys = ["event_id", "participant_id", "user_id"].map(id).join(", ");
      await tx.query(
        `INSERT INTO ${table(audit)} (${keys}, ${id("action")}, ${id("new_status")})
         SELECT ${keys}, ${literal(attendanceActions[1])}, ${literal("unknown")} FROM ${table(participants)} LIMIT 1`,
      );
      row = (await tx.query<{ id: string | null }>(newest)).rows[0]!.id;
    }
    const where = `WHERE ${id("id")} = ${cast("$1", "bigint")}`;
    const tries = {
      UPDATE: `UPDATE ${table(audit)} SET ${id("new_status")} = ${literal("absent")} ${where}`,
      DELETE: `DELETE FROM ${table(audit)} ${where}`,
    } as const;
    for (const change of ["UPDATE", "DELETE"] as const) {
      if (row === null) {
        probes.push({ change, outcome: "not tried" });
        continue;
      }
      const accepted = await tx
        .savepoint(async (inner) => (await inner.query(tries[change], [row])).count >= 0)
        .catch((error: unknown) => {
          if (error instanceof RunbackError || typeof (error as { code?: unknown }).code !== "string") throw error;
          return false;
        });
      probes.push({ change, outcome: accepted ? "accepted" : "refused" });
    }
    throw new Discard();
  };
  await engine.transaction(work, { lockTimeoutMs }).catch((error: unknown) => {
    if (!(error instanceof Discard)) throw error;
  });
  return probes;
}
