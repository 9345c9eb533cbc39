import {
  attendanceCodes,
  attendanceIndex,
  auditBeside,
  auditName,
  auditUnique,
  participantColumns,
  participantsName,
  removedName,
} from "@runback/attendance";
import { digestOf, findTable, type Table, type TableRef } from "@runback/core";
import type { Context } from "../../context.ts";
import { triggersOf } from "../audit/triggers.ts";
import { ask, readLive } from "../migration/read-live.ts";

export interface RemovalPlan {
  readonly participants: Table | undefined;
  /** The audit table as it is now, or, when a removal was interrupted, under its last name. */
  readonly audit: Table | undefined;
  readonly auditRef: TableRef;
  /** The audit table has its last name: a removal is under way. */
  readonly halfRemoved: boolean;
  /** Names of what goes, in order. */
  readonly removes: readonly string[];
  readonly columns: readonly string[];
  /** Rows of the audit: what is exported. */
  readonly auditRows: number;
  /** Participants whose attendance is known, which is then forgotten. */
  readonly known: number;
  /** What an approval signs: the target, and what goes. */
  readonly digest: string;
}

/** What taking back the schema would remove, with nothing changed. */
export async function removalPlan({ engine, target = "default" }: Context): Promise<RemovalPlan> {
  const { dialect } = engine;
  const catalog = await engine.catalog();
  const { participants, audit: current, indexes } = await readLive(engine, catalog);
  const auditRef = auditBeside(participants ?? { schema: "public", name: participantsName });
  const audit = current ?? findTable(catalog, `${auditRef.schema}.${removedName}`);
  const there = participants?.columns.map(({ name }) => name) ?? [];
  const columns = participants
    ? participantColumns(participants)
        .map(({ name }) => name)
        .filter((name) => there.includes(name))
    : [];
  const triggers = current
    ? (await triggersOf(engine, current)).triggers.filter(({ state }) => state !== "missing")
    : [];
  const count = async (from: string) =>
    Number(
      (
        await ask<{ n: string }>(engine, {
          text: `SELECT ${dialect.cast("count(*)", "text")} AS n FROM ${from}`,
          params: [],
        })
      )[0]!.n,
    );
  const status = dialect.id("attendance_status");
  const marked = `${dialect.cast(status, "text")} IN (${attendanceCodes.slice(1).map(dialect.literal).join(", ")})`;
  const removes = [
    ...triggers.map(({ name }) => name),
    ...(audit ? [auditName] : []),
    ...(indexes.participants.has(attendanceIndex.name) ? [attendanceIndex.name] : []),
    ...columns.map((name) => `${participantsName}.${name}`),
  ];
  return {
    ...{ participants, audit, auditRef, removes, columns, halfRemoved: audit?.name === removedName },
    auditRows: audit ? await count(dialect.table(audit)) : 0,
    known: columns.includes("attendance_status") ? await count(`${dialect.table(participants!)} WHERE ${marked}`) : 0,
    digest: digestOf({ action: "attendance rollback", target, removes }),
  };
}

/** Columns by which the audit's triggers were made. */
export const triggerKeys = ["id", ...auditUnique];
