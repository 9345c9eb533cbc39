import { utcText } from "@runback/attendance";
import { type ChangedColumn, type Connection, type Engine, RunbackError, type Value } from "@runback/core";
import { type AttendanceTables, columnOf, isWholeNumber, keyParam, keyValue, timeParam } from "./attendance-tables.ts";
import { type AuditAction, actorValue, needsKey } from "./record-change.ts";

/** One set-based change of many participants of an event: who, to what, and what its entries say. */
export interface Marking {
  readonly runId: string;
  readonly event: string;
  /** SQL over the columns of a participant. */
  readonly who: string;
  /** Columns that get a word. */
  readonly columns: readonly string[];
  readonly to: string;
  /** SQL of what the entry says was there before. */
  readonly previous: string;
  /** Whether it says when and by whom people were marked. */
  readonly marks: boolean;
  readonly action: AuditAction;
  readonly reason: string;
  /** What the dedupe key begins with; the participant's key follows. */
  readonly dedupe: string;
  readonly actor: string;
  readonly at: Date;
}

/** A participant as a step found them. */
export interface Before {
  readonly participant: string;
  readonly previous: string | null;
}

/** Whom a step is about to change, and what they are; their rows are kept from others until the transaction ends. */
export async function readBefore(
  engine: Engine,
  tx: Connection,
  tables: AttendanceTables,
  marking: Marking,
  range: KeyRange,
): Promise<Before[]> {
  const { dialect } = engine;
  const { where, values } = selected(engine, tables, marking, range);
  const { rows } = await tx.query<{ participant: string | number; previous: string | null }>(
    `SELECT ${dialect.id(tables.vocabulary.participants.key)} AS participant, ${marking.previous} AS previous
     FROM ${dialect.table(tables.participants)} WHERE ${where} ${dialect.rowLock}`,
    values,
  );
  return rows.map(({ participant, previous }) => ({ participant: String(participant), previous }));
}

/** Participants by key, from after one key up to another; null is no bound. */
export interface KeyRange {
  readonly after: string | null;
  readonly upTo: string | null;
}

/** The key that ends the next step of at most so many rows; null when all that are left fit in it. */
export async function stepEnd(
  engine: Engine,
  tx: Connection,
  tables: AttendanceTables,
  marking: Pick<Marking, "event" | "who">,
  after: string | null,
  rows: number,
): Promise<string | null> {
  const { id, table } = engine.dialect;
  const key = id(tables.vocabulary.participants.key);
  const { where, values } = selected(engine, tables, marking, { after, upTo: null });
  const found = await tx.query<{ last: string | number }>(
    `SELECT ${key} AS last FROM ${table(tables.participants)} WHERE ${where} ORDER BY ${key} LIMIT 1 OFFSET ${rows - 1}`,
    values,
  );
  return found.rows[0] === undefined ? null : String(found.rows[0].last);
}

/**
 * Changes every participant in the range who is meant, and writes one entry each, set by set, in a transaction in which the run
 * is named. What comes first locks whom it reads, so all of them are still there afterwards; when more are found then, the step
 * is undone and tried again.
 *
 * @returns the participants changed
 */
export async function markStep(
  engine: Engine,
  tx: Connection,
  tables: AttendanceTables,
  marking: Marking,
  range: KeyRange,
): Promise<number> {
  const { dialect } = engine;
  const entries = entriesOf(engine, tables, marking, range);
  const written = await tx.query(entries.sql, entries.values);
  if (written.count === 0) return 0;
  const { vocabulary, participants } = tables;
  const names = vocabulary.participants;
  const { where, values } = selected(engine, tables, marking, range);
  const set: ChangedColumn[] = marking.columns.map((column) => ({ column, value: dialect.literal(marking.to) }));
  const time = (column: string | null) => {
    if (column !== null)
      set.push({ column, value: timeParam(engine, columnOf(participants, column), values.push(utcText(marking.at))) });
  };
  time(names.updatedAt);
  if (marking.marks) {
    time(names.markedAt);
    if (names.markedBy !== null) {
      const by = columnOf(participants, names.markedBy);
      set.push({ column: by.name, value: keyParam(engine, by, values.push(actorValue(by, marking.actor))) });
    }
  }
  const changed = await engine.journal.change(tx, marking.runId, { table: participants, set, where, params: values });
  if (changed !== written.count) throw othersChanged();
  return changed;
}

export function othersChanged(): RunbackError {
  return new RunbackError("ATTENDANCE_CHANGED", "Participants changed while a step of a closing was marking them.", {
    recovery: "The step was not written, and earlier steps are kept. Close the event again: it goes on from there.",
    status: 409,
  });
}

function selected(
  engine: Engine,
  { vocabulary, participants }: AttendanceTables,
  { event, who }: Pick<Marking, "event" | "who">,
  { after, upTo }: KeyRange,
): { where: string; values: Value[] } {
  const { id } = engine.dialect;
  const names = vocabulary.participants;
  const values: Value[] = [];
  const value = (name: string, text: string) => {
    const column = columnOf(participants, name);
    return keyParam(engine, column, values.push(keyValue(column, text)!));
  };
  const where = [`${id(names.event)} = ${value(names.event, event)}`, who];
  if (after !== null) where.push(`${id(names.key)} > ${value(names.key, after)}`);
  if (upTo !== null) where.push(`${id(names.key)} <= ${value(names.key, upTo)}`);
  return { where: where.join(" AND "), values };
}

function entriesOf(
  engine: Engine,
  tables: AttendanceTables,
  marking: Marking,
  range: KeyRange,
): { sql: string; values: Value[] } {
  const { dialect } = engine;
  const { vocabulary, participants, audit } = tables;
  const { audit: names, participants: from } = vocabulary;
  const { where, values } = selected(engine, tables, marking, range);
  const key = dialect.id(from.key);
  const columns: [name: string, expression: string][] = [];
  const add = (name: string | null, expression: string) => {
    if (name !== null) columns.push([name, expression]);
  };
  if (needsKey(audit, names.key))
    add(names.key, dialect.uuidFrom(`${marking.dedupe}entry:`, dialect.cast(key, "text")));
  add(names.event, dialect.id(from.event));
  add(names.participant, key);
  add(names.user, dialect.id(from.user));
  const by = columnOf(audit, names.markedBy);
  const actor = dialect.param(values.push(actorValue(by, marking.actor)));
  add(names.markedBy, dialect.cast(actor, isWholeNumber(by) ? "bigint" : "text"));
  add(names.action, dialect.literal(marking.action));
  add(names.previous, marking.previous);
  add(names.next, dialect.literal(marking.to));
  add(names.reason, dialect.literal(marking.reason));
  add(names.dedupe, `concat(${dialect.literal(marking.dedupe)}, ${key})`);
  add(names.performedAt, timeParam(engine, columnOf(audit, names.performedAt), values.push(utcText(marking.at))));
  return {
    sql: `INSERT INTO ${dialect.table(audit)} (${columns.map(([name]) => dialect.id(name)).join(", ")})
      SELECT ${columns.map(([, expression]) => expression).join(", ")}
      FROM ${dialect.table(participants)} WHERE ${where} ${dialect.rowLock}`,
    values,
  };
}
