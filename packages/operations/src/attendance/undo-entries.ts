import { type AttendeeStatusChange, attendanceWords, utcText } from "@runback/attendance";
import type { Connection, Engine, Run, Value } from "@runback/core";
import type { Context } from "../context.ts";
import { emitChanges } from "./analytics.ts";
import {
  type AttendanceTables,
  attendanceTables,
  columnOf,
  isWholeNumber,
  keyParam,
  keyValue,
  timeParam,
} from "./attendance-tables.ts";
import { type ClosingInput, isClosing } from "./closing.ts";
import { actorValue, needsKey } from "./record-change.ts";
import { wordSql } from "./word-sql.ts";

/** The closing that a run is, or takes back, however often it was taken back and brought again; else undefined. */
export async function closingBehind({ engine }: Pick<Context, "engine">, run: Run): Promise<ClosingInput | undefined> {
  for (let at: Run | undefined = run; at !== undefined; ) {
    if (at.kind === "attendance") return isClosing(at) ? (at.input as ClosingInput) : undefined;
    at = at.revertsRunId === null ? undefined : await engine.store.run(engine, at.revertsRunId);
  }
  return undefined;
}

/**
 * Writes the entries of what a rollback's step put back, in that step's transaction: one for each participant of the run
 * whose newest entry does not say any more what the row says. Who was left alone, because somebody marked them since, has
 * an entry that does.
 *
 * @param revertedId the run that is taken back, a closing or the rollback of one
 * @returns tells of the changes: to be called when the transaction is committed
 */
export async function recordUndo(
  context: Pick<Context, "engine" | "clock" | "analytics" | "logger">,
  tx: Connection,
  input: ClosingInput,
  revertedId: string,
  rollback: Run,
): Promise<() => void> {
  const tables = await attendanceTables(context.engine, input.vocabulary);
  const { registration, attendance } = input.vocabulary.participants;
  const { unmarked } = input.vocabulary.words;
  const undo = { input, revertedId, rollback, tables, at: context.clock.now() };
  const changes = await reconcile(context, tx, undo, {
    column: attendance,
    words: attendanceWords(input.vocabulary),
    ifNull: unmarked[0]!,
    now: (status) => wordSql(context.engine.dialect, input.vocabulary, status),
  });
  if (registration !== null) {
    const { column, registered, attended } = registration;
    const registrations = { column, words: [registered, attended], ifNull: null, now: (status: string) => status };
    changes.push(...(await reconcile(context, tx, undo, registrations)));
  }
  const { runId, operator: actor } = rollback;
  const about = { at: undo.at, actor, event: input.event, action: "correction", runId };
  return () => emitChanges(context, tables, changes, about);
}

interface Undo {
  readonly input: ClosingInput;
  readonly revertedId: string;
  readonly rollback: Run;
  readonly tables: AttendanceTables;
  readonly at: Date;
}

interface Said {
  /** Column of a participant whose words these are. */
  readonly column: string;
  readonly words: readonly string[];
  readonly ifNull: string | null;
  /** SQL of the word that the column's value means. */
  readonly now: (status: string) => string;
}

async function reconcile(
  { engine, analytics }: Pick<Context, "engine" | "analytics">,
  tx: Connection,
  { input, revertedId, rollback, tables, at }: Undo,
  { column, words, ifNull, now: meant }: Said,
): Promise<AttendeeStatusChange[]> {
  const { dialect } = engine;
  const { id, literal, table } = dialect;
  const { audit: names, participants: from } = input.vocabulary;
  const { audit, participants } = tables;
  const values: Value[] = [];
  const key = `p.${id(from.key)}`;
  const next = (alias: string) => `${alias}.${id(names.next)}`;
  const now = meant(`p.${id(column)}`);
  const list = words.map(literal).join(", ");
  // By number: words of two tables may have collations that do not compare.
  const number = (expression: string) =>
    `CASE ${words.map((word, at) => `WHEN ${expression} = ${literal(word)} THEN ${at}`).join(" ")} ${
      ifNull === null ? "" : `WHEN ${expression} IS NULL THEN ${words.indexOf(ifNull)}`
    } ELSE -1 END`;
  const text = `CASE ${words.map((word) => `WHEN ${now} = ${literal(word)} THEN ${literal(word)}`).join(" ")} ELSE ${literal(ifNull ?? words[0]!)} END`;
  const later = newer(engine, tables);
  const columns: [name: string, expression: string][] = [];
  const add = (name: string | null, expression: string) => {
    if (name !== null) columns.push([name, expression]);
  };
  const dedupe = `${rollback.runId}:${column === from.attendance ? "" : "registration:"}`;
  if (needsKey(audit, names.key)) add(names.key, dialect.uuidFrom(`${dedupe}entry:`, dialect.cast(key, "text")));
  add(names.event, `p.${id(from.event)}`);
  add(names.participant, key);
  add(names.user, `p.${id(from.user)}`);
  const by = columnOf(audit, names.markedBy);
  const actor = dialect.param(values.push(actorValue(by, rollback.operator)));
  add(names.markedBy, dialect.cast(actor, isWholeNumber(by) ? "bigint" : "text"));
  add(names.action, literal("correction"));
  add(names.previous, next("a"));
  add(names.next, text);
  add(names.reason, literal(names.dedupe === null ? `undo ${revertedId} ${rollback.runId}` : `undo ${revertedId}`));
  add(names.dedupe, `concat(${literal(dedupe)}, ${key})`);
  add(names.performedAt, timeParam(engine, columnOf(audit, names.performedAt), values.push(utcText(at))));
  const event = columnOf(participants, from.event);
  const mine = keyValue(event, input.event)!;
  const changed = (nth: number) => `
     FROM ${table(participants)} p JOIN ${table(audit)} a ON a.${id(names.participant)} = ${key}
     WHERE p.${id(from.event)} = ${keyParam(engine, event, nth)} AND ${next("a")} IN (${list}) AND ${number(next("a"))} <> ${number(now)}
       AND EXISTS (SELECT 1 FROM ${table(audit)} r WHERE r.${id(names.participant)} = ${key} AND ${written(engine, input, revertedId)})
       AND NOT EXISTS (SELECT 1 FROM ${table(audit)} b WHERE b.${id(names.participant)} = ${key} AND ${next("b")} IN (${list}) AND ${later})`;
  // Read first: once the entries are there, nothing differs any more.
  const told =
    analytics === undefined
      ? []
      : (
          await tx.query<{ participant: string | number; previous: string; next: string }>(
            `SELECT ${key} AS participant, ${next("a")} AS previous, ${text} AS ${id("next")} ${changed(1)}`,
            [mine],
          )
        ).rows;
  await tx.query(
    `INSERT INTO ${table(audit)} (${columns.map(([name]) => id(name)).join(", ")})
     SELECT ${columns.map(([, expression]) => expression).join(", ")} ${changed(values.push(mine))}`,
    values,
  );
  return told.map((each) => ({
    attendanceId: String(each.participant),
    priorStatus: each.previous,
    newStatus: each.next,
  }));
}

/** Whether an entry `r` is one that a run wrote. Run ids hold no wildcards. */
function written({ dialect }: Pick<Engine, "dialect">, { vocabulary }: ClosingInput, runId: string): string {
  const { dedupe, reason } = vocabulary.audit;
  return dedupe === null
    ? `r.${dialect.id(reason)} LIKE ${dialect.literal(`% ${runId}`)}`
    : `r.${dialect.id(dedupe)} LIKE ${dialect.literal(`${runId}:%`)}`;
}

/** Whether entry `b` came after entry `a`: by number where the database counts entries, else by time. */
function newer({ dialect }: Pick<Engine, "dialect">, { vocabulary, audit }: AttendanceTables): string {
  const { key, performedAt } = vocabulary.audit;
  const [ka, kb] = [`a.${dialect.id(key)}`, `b.${dialect.id(key)}`];
  if (isWholeNumber(columnOf(audit, key))) return `${kb} > ${ka}`;
  const [ta, tb] = [`a.${dialect.id(performedAt)}`, `b.${dialect.id(performedAt)}`];
  return `(${tb} > ${ta} OR (${tb} = ${ta} AND ${kb} > ${ka}))`;
}
