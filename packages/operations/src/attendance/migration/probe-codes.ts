import {
  attendanceCodes,
  type Difference,
  type LiveAttendance,
  participantKey,
  participantsName,
} from "@runback/attendance";
import { type Connection, type Engine, RunbackError } from "@runback/core";
import { keyParam } from "./key-param.ts";

/** A try that is never to stay: the transaction always rolls back. */
class Discard extends Error {}

/** Milliseconds to wait for the one row that is tried on. */
const lockTimeoutMs = 2_000;

/**
 * Whether `attendance_status` takes its four words: types, checks and triggers are asked by trying, on one row, in a
 * transaction that is rolled back. Where there is no row, or no column yet, nothing is said.
 */
export async function probeCodes(engine: Engine, { participants }: LiveAttendance): Promise<Difference[]> {
  const { id, table, literal, cast } = engine.dialect;
  if (participants?.primaryKey.join() !== participantKey) return [];
  if (!participants.columns.some(({ name, generated }) => name === "attendance_status" && !generated)) return [];
  const refused: string[] = [];
  const why = new Set<string>();
  const one = `SELECT ${cast(id(participantKey), "text")} AS id FROM ${table(participants)} LIMIT 1`;
  const work = async (tx: Connection) => {
    const row = (await tx.query<{ id: string }>(one)).rows[0];
    for (const code of row === undefined ? [] : attendanceCodes) {
      const kept = await tx
        .savepoint(async (inner) => {
          const where = `WHERE ${id(participantKey)} = ${keyParam(engine, participants, participantKey, 1)}`;
          await inner.query(
            `UPDATE ${table(participants)} SET ${id("attendance_status")} = ${literal(code)} ${where}`,
            [row!.id],
          );
          const { rows } = await inner.query<{ value: string }>(
            `SELECT ${cast(id("attendance_status"), "text")} AS value FROM ${table(participants)} ${where}`,
            [row!.id],
          );
          return rows[0]?.value === code;
        })
        .catch((error: unknown) => {
          // A row that somebody holds, or a server that went away, says nothing about the word.
          const { code } = error as { code?: unknown };
          if (error instanceof RunbackError || typeof code !== "string") throw error;
          why.add(code);
          return false;
        });
      if (!kept) refused.push(code);
    }
    throw new Discard();
  };
  await engine.transaction(work, { lockTimeoutMs }).catch((error: unknown) => {
    if (!(error instanceof Discard)) throw error;
  });
  if (refused.length === 0) return [];
  return [
    {
      object: `${participantsName}.attendance_status`,
      detail: `does not take ${refused.join(", ")}${why.size > 0 ? ` (${[...why].join(", ")})` : ""}`,
    },
  ];
}
