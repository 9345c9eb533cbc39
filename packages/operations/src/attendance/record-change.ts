import { randomUUID } from "node:crypto";
import { utcText } from "@runback/attendance";
import { type Connection, type Engine, RunbackError, type Table, type Value } from "@runback/core";
import type { Subject } from "./attendance-subject.ts";
import { type AttendanceTables, columnOf, isWholeNumber, keyParam, keyValue, timeParam } from "./attendance-tables.ts";

export type AuditAction = "check_in" | "correction" | "mark_absent" | "finalize_attended";

export interface AttendanceChange {
  /** A word of the vocabulary. */
  readonly to: string;
  readonly action: AuditAction;
  readonly reason: string | null;
  readonly actor: string;
  readonly at: Date;
}

/** Marks one participant and records it, in the transaction that holds the row. */
export async function recordChange(
  engine: Engine,
  tx: Connection,
  tables: AttendanceTables,
  subject: Subject,
  change: AttendanceChange,
): Promise<void> {
  const { dialect } = engine;
  const { vocabulary, participants } = tables;
  const names = vocabulary.participants;
  const values: Value[] = [];
  const param = (value: Value) => values.push(value);
  const word = dialect.literal(change.to);
  const at = utcText(change.at);
  const sets = [names.attendance, ...names.mirrors].map((column) => `${dialect.id(column)} = ${word}`);
  const setTime = (column: string | null, value: Value) => {
    if (column !== null)
      sets.push(`${dialect.id(column)} = ${timeParam(engine, columnOf(participants, column), param(value))}`);
  };
  setTime(names.markedAt, at);
  setTime(names.updatedAt, at);
  setTime(names.checkedInAt, vocabulary.words.seen.includes(change.to) ? at : null);
  if (names.markedBy !== null) {
    const column = columnOf(participants, names.markedBy);
    sets.push(`${dialect.id(names.markedBy)} = ${keyParam(engine, column, param(actorValue(column, change.actor)))}`);
  }
  const key = columnOf(participants, names.key);
  const where = `${dialect.id(names.key)} = ${keyParam(engine, key, param(keyValue(key, subject.participant)!))}`;
  await tx.query(`UPDATE ${dialect.table(participants)} SET ${sets.join(", ")} WHERE ${where}`, values);
  await insertEntry(engine, tx, tables, subject, change);
}

async function insertEntry(
  engine: Engine,
  tx: Connection,
  { vocabulary, audit }: AttendanceTables,
  subject: Subject,
  { to, action, reason, actor, at }: AttendanceChange,
): Promise<void> {
  const { dialect } = engine;
  const names = vocabulary.audit;
  const values: Value[] = [];
  const param = (value: Value) => values.push(value);
  const columns: [name: string, expression: string][] = [];
  const key = (name: string | null, text: string) => {
    if (name === null) return;
    const column = columnOf(audit, name);
    columns.push([name, keyParam(engine, column, param(keyValue(column, text) ?? text))]);
  };
  if (needsKey(audit, names.key)) key(names.key, randomUUID());
  key(names.event, subject.event);
  key(names.participant, subject.participant);
  key(names.user, subject.user);
  const by = columnOf(audit, names.markedBy);
  columns.push([names.markedBy, keyParam(engine, by, param(actorValue(by, actor)))]);
  if (names.action !== null) columns.push([names.action, dialect.literal(action)]);
  columns.push([names.previous, subject.attendance === null ? "NULL" : dialect.literal(subject.attendance)]);
  columns.push([names.next, dialect.literal(to)]);
  columns.push([names.reason, dialect.param(param(reason))]);
  columns.push([names.performedAt, timeParam(engine, columnOf(audit, names.performedAt), param(utcText(at)))]);
  await tx.query(
    `INSERT INTO ${dialect.table(audit)} (${columns.map(([name]) => dialect.id(name)).join(", ")})
     VALUES (${columns.map(([, expression]) => expression).join(", ")})`,
    values,
  );
}

/** The database gives most entries their key; where it does not, it is made here. */
export function needsKey(audit: Table, name: string): boolean {
  const column = columnOf(audit, name);
  return !column.hasDefault && column.identity === null && !isWholeNumber(column);
}

/** Who marks, as the column holds it: where that is a user's number, a name is nobody. */
export function actorValue(column: ReturnType<typeof columnOf>, actor: string): string | null {
  if (isWholeNumber(column)) return /^\d{1,18}$/.test(actor) ? actor : null;
  return actor;
}

/** A person answers for what is marked by hand. @throws `ACTOR_INVALID` */
export function assertActor({ vocabulary, audit }: AttendanceTables, actor: string): void {
  const column = columnOf(audit, vocabulary.audit.markedBy);
  if (actor.trim() !== "" && actorValue(column, actor) !== null) return;
  throw new RunbackError("ACTOR_INVALID", "Who marks attendance here is a user of the application, by number.", {
    recovery: "Nothing was changed. Name the user's id as the actor (`--operator <id>`; `actor` in a request).",
  });
}
