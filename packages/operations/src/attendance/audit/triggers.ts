import { auditUnique } from "@runback/attendance";
import { type Connection, type Engine, qualifiedName, RunbackError, type Table, type TableRef } from "@runback/core";
import { appendAudit } from "../../audit/append.ts";
import { requireAuditTable } from "../../audit/require-audit-table.ts";
import type { Context } from "../../context.ts";
import { ask } from "../migration/read-live.ts";
import { shortLocks } from "../migration/short-locks.ts";
import { requireAttendanceAudit } from "./require-attendance-audit.ts";

export interface AuditTrigger {
  readonly name: string;
  /** The kind of change it refuses. */
  readonly refuses: string;
  /** `other`: a trigger of this name is there that does something else, or is disabled. */
  readonly state: "on" | "missing" | "other";
}

/** The document `attendance triggers --json` prints. */
export interface AuditTriggers {
  readonly table: string;
  readonly state: "on" | "off" | "partly";
  readonly triggers: readonly AuditTrigger[];
}

/** By which columns REPLACE and upsert find the row they would change. */
const unique = ["id", ...auditUnique];

export async function attendanceTriggers({ engine }: Pick<Context, "engine">): Promise<AuditTriggers> {
  return await triggersOf(engine, await requireAttendanceAudit(engine));
}

export async function triggersOf(
  engine: Engine,
  table: Table,
  connection: Connection = engine,
): Promise<AuditTriggers> {
  const { ddl } = engine.dialect;
  const there = await ask<{ name: string; shape: string; body: string }>(connection, ddl.triggers(table));
  const triggers = ddl.refuseChanges(table, unique).map(({ name, refuses, shape, body }): AuditTrigger => {
    const live = there.find((each) => each.name === name);
    const same = live?.shape === shape && plain(live.body) === plain(body);
    return { name, refuses, state: live === undefined ? "missing" : same ? "on" : "other" };
  });
  const on = triggers.filter(({ state }) => state === "on").length;
  const none = triggers.every(({ state }) => state === "missing");
  return { table: qualifiedName(table), state: on === triggers.length ? "on" : none ? "off" : "partly", triggers };
}

/** The same words, whatever stands between them. */
const plain = (text: string) =>
  text
    .replace(/\s+/g, " ")
    .replace(/\s*=\s*/g, "=")
    .trim();

/**
 * Makes the database refuse changes of what is on record, or stops it from that. Done again it renews triggers that are
 * others.
 *
 * @throws `ATTENDANCE_AUDIT_MISSING`; `ATTENDANCE_TRIGGERS_REFUSED` where this user or server makes none
 */
export async function setAttendanceTriggers(
  context: Context,
  { on, operator, auditTable }: { readonly on: boolean; readonly operator: string; readonly auditTable: TableRef },
): Promise<AuditTriggers> {
  const { engine } = context;
  await engine.init();
  await requireAuditTable(context, auditTable);
  const table = await requireAttendanceAudit(engine);
  const before = await triggersOf(engine, table);
  if (before.state === (on ? "on" : "off")) return before;
  const wanted = engine.dialect.ddl.refuseChanges(table, unique);
  await shortLocks(engine, async (tx) => {
    try {
      for (const { create, drop } of wanted) for (const sql of on ? create : drop) await tx.script(sql);
    } catch (error) {
      throw error instanceof RunbackError || !on ? error : refused(error);
    }
    await appendAudit(tx, engine.dialect, auditTable, on ? "attendance:triggers:on" : "attendance:triggers:off", {
      operator,
      table: qualifiedName(table),
      triggers: wanted.map(({ name }) => name),
    });
  });
  return await triggersOf(engine, table);
}

function refused(cause: unknown): RunbackError {
  const code = String((cause as { code?: unknown }).code ?? "unknown");
  return new RunbackError("ATTENDANCE_TRIGGERS_REFUSED", `This user or server makes no such trigger (${code}).`, {
    recovery:
      "Triggers that were made before this one stay: see `runback attendance triggers status`. Grant TRIGGER (with binary logging, log_bin_trust_function_creators), or rely on the monitor attendance-audit, which finds changed and deleted rows by comparison.",
    status: 409,
    cause,
  });
}
