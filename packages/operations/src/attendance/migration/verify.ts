import { attendanceCodes, auditName, participantsName, runbookQueries } from "@runback/attendance";
import { type Connection, RunbackError } from "@runback/core";
import { raiseAlert, resolveAlert } from "../../alerts/raise-alert.ts";
import type { Context } from "../../context.ts";
import { type Probe, probeAppendOnly } from "../audit/probe-append-only.ts";
import { lastScan, scanAttendanceAudit } from "../audit/scan.ts";
import { triggersOf } from "../audit/triggers.ts";
import { countUnset, type LivePlan, livePlan } from "./plan.ts";

export interface AttendanceCheck {
  /** Stable: `audit-append-only`. */
  readonly id: string;
  readonly outcome: "PASS" | "WARN" | "FAIL";
  readonly expected: unknown;
  readonly actual: unknown;
  readonly message: string;
  /** The query of the runbook that was run, as it is written there. */
  readonly query?: string;
}

/** The document `attendance verify --json` prints. */
export interface AttendanceVerification {
  readonly verifiedAt: string;
  readonly durationMs: number;
  /** False as soon as one check failed. */
  readonly passed: boolean;
  readonly checks: readonly AttendanceCheck[];
  readonly summary: {
    readonly total: number;
    readonly passed: number;
    readonly failed: number;
    readonly warnings: number;
  };
}

type Found = Omit<AttendanceCheck, "id">;

/** A scan is once an hour, and anchors at least once a day. */
const scanFreshMs = 26 * 60 * 60 * 1000;

/**
 * Post-migration validation: the runbook's queries, then what they do not see. Changes nothing: what is tried is rolled back.
 * A check that cannot run fails. A failure raises an alert, the next pass resolves it.
 */
export async function verifyAttendance(
  context: Context,
  options: { readonly alert: boolean } = { alert: true },
): Promise<AttendanceVerification> {
  const { engine, clock, target = "default" } = context;
  const began = clock.now();
  await engine.init();
  const found = await livePlan(engine);
  const checks: AttendanceCheck[] = [];
  for (const [id, run] of list(context, found)) {
    const outcome = await run().catch(couldNotRun);
    checks.push({ id, ...outcome });
  }
  const count = (outcome: AttendanceCheck["outcome"]) => checks.filter((check) => check.outcome === outcome).length;
  const [passed, warnings, failed] = [count("PASS"), count("WARN"), count("FAIL")];
  const about = { check: "verification:attendance", target };
  const record = async (tx: Connection) => {
    if (failed === 0) return await resolveAlert(tx, engine.dialect, about, clock.now());
    const reasons = checks.filter(({ outcome }) => outcome === "FAIL").map(({ id }) => `${id} failed`);
    const title = `Verification of attendance failed: ${failed} of ${checks.length} checks`;
    const finding = { ...about, severity: "error" as const, title, code: "VERIFICATION_FAILED", reasons };
    await raiseAlert(tx, engine.dialect, finding, clock.now());
  };
  if (options.alert) await engine.transaction(record);
  return {
    verifiedAt: began.toISOString(),
    durationMs: clock.now().getTime() - began.getTime(),
    passed: failed === 0,
    checks,
    summary: { total: checks.length, passed, failed, warnings },
  };
}

function couldNotRun(error: unknown): Found {
  const why = error instanceof RunbackError ? error.code : String((error as { code?: unknown }).code ?? "UNEXPECTED");
  return { outcome: "FAIL", expected: "the check runs", actual: null, message: `could not be checked: ${why}` };
}

function list(context: Context, found: LivePlan): [string, () => Promise<Found>][] {
  const { engine } = context;
  const { live, plan } = found;
  const queries = new Map(runbookQueries(engine.dialect.ddl).map(({ id, sql }) => [id, sql]));
  const ask = async (id: "table" | "columns" | "index" | "backfill") => {
    const query = queries.get(id);
    return query == null ? null : { query, rows: (await engine.query(query)).rows };
  };
  const one = (rows: readonly object[]) => Number(Object.values(rows[0] ?? { none: 0 })[0]);
  const names = (rows: readonly object[]) => [...new Set(rows.map((row) => String(Object.values(row)[0])))].sort();
  const columns = [
    "attendance_marked_at",
    "attendance_marked_by",
    "attendance_notes",
    "attendance_status",
    "attendance_updated_at",
  ];
  return [
    [
      "audit-table",
      async () => {
        const asked = await ask("table");
        const actual = asked ? one(asked.rows) : live.audit ? 1 : 0;
        return told(actual === 1, 1, actual, `${auditName} is ${actual === 1 ? "" : "not "}there`, asked?.query);
      },
    ],
    [
      "columns",
      async () => {
        const asked = await ask("columns");
        const actual = asked
          ? names(asked.rows)
          : (live.participants?.columns ?? [])
              .map(({ name }) => name)
              .filter((name) => columns.includes(name))
              .sort();
        const all = actual.length === columns.length;
        return told(all, columns, actual, `${actual.length} of ${columns.length} columns are there`, asked?.query);
      },
    ],
    [
      "index",
      async () => {
        const asked = await ask("index");
        const name = "idx_participants_event_attendance";
        const there = asked ? names(asked.rows).includes(name) : live.indexes.participants.has(name);
        return told(there, name, there ? name : null, `${name} is ${there ? "" : "not "}there`, asked?.query);
      },
    ],
    ["definition", async () => definition(plan)],
    ["status-values", async () => statusValues(context, found)],
    [
      "backfill",
      async () => {
        const left = await countUnset(engine, engine, live);
        const asked = await ask("backfill");
        const unmarked = one(asked!.rows);
        const message = `${left} participants have no attendance status; ${unmarked} registered ones are not marked yet`;
        return told(left === 0, 0, left, message, asked!.query);
      },
    ],
    ["audit-foreign-keys", async () => foreignKeys(found)],
    ["audit-append-only", async () => appendOnly(context, found)],
    ["audit-unchanged", async () => unchanged(context)],
  ];
}

function told(passed: boolean, expected: unknown, actual: unknown, message: string, query?: string): Found {
  return { outcome: passed ? "PASS" : "FAIL", expected, actual, message, ...(query === undefined ? {} : { query }) };
}

/** Columns, types, defaults and keys as the migration makes them. */
function definition({ steps, obstacles, differences }: LivePlan["plan"]): Found {
  const missing = steps.map(({ object }) => `${object} is missing`);
  const said = (list: typeof obstacles) => list.map(({ object, detail }) => `${object} ${detail}`);
  const wrong = [...missing, ...said(obstacles)];
  const expected = "every column, type, default, index and key as the migration makes them";
  if (wrong.length > 0) return told(false, expected, wrong, wrong.join("; "));
  if (differences.length > 0)
    return {
      outcome: "WARN",
      expected,
      actual: said(differences),
      message: `works, and differs: ${said(differences).join("; ")}`,
    };
  return told(true, expected, expected, "everything is as the migration makes it");
}

async function statusValues({ engine }: Context, { live }: LivePlan): Promise<Found> {
  const { dialect } = engine;
  const status = dialect.id("attendance_status");
  const { rows } = await engine.query<{ strays: string }>(
    `SELECT ${dialect.cast("count(*)", "text")} AS strays FROM ${dialect.table(live.participants!)}
     WHERE ${status} IS NOT NULL AND ${dialect.cast(status, "text")} NOT IN (${attendanceCodes.map(dialect.literal).join(", ")})`,
  );
  const strays = Number(rows[0]!.strays);
  return told(
    strays === 0,
    0,
    strays,
    `${strays} participants have a status that is none of ${attendanceCodes.join(", ")}`,
  );
}

function foreignKeys({ live }: LivePlan): Found {
  if (live.audit === undefined) return told(false, "no action", null, `${auditName} is not there`);
  const acting = live.audit.foreignKeys.filter(({ onDelete, onUpdate }) =>
    [onDelete, onUpdate].some((action) => action !== "restrict" && action !== "no action"),
  );
  const named = acting.map(({ name }) => name);
  return told(named.length === 0, [], named, `${named.length} foreign keys could change or delete what is on record`);
}

/** Refused by the database, as tried on a row; or else watched by the scheduled scan. */
async function appendOnly(context: Context, { live }: LivePlan): Promise<Found> {
  if (live.audit === undefined) return told(false, "refused", null, `${auditName} is not there`);
  const { state, triggers } = await triggersOf(context.engine, live.audit);
  const probes = state === "off" ? [] : await probeAppendOnly(context.engine, live.audit, live.participants!);
  const expected = "changes are refused by the database, or found by the scheduled scan";
  const actual = { triggers: state, tried: probes };
  const let_through = probes.filter(({ outcome }: Probe) => outcome === "accepted").map(({ change }) => change);
  if (let_through.length > 0)
    return told(false, expected, actual, `the database accepts ${let_through.join(" and ")} although it has triggers`);
  if (state === "on") {
    const tried = probes.filter(({ outcome }) => outcome === "refused").map(({ change }) => change);
    const message = `the database refuses ${triggers.map(({ refuses }) => refuses).join(", ")}; tried: ${tried.join(", ") || `nothing, for ${participantsName} is empty`}`;
    return told(true, expected, actual, message);
  }
  const scanned = await lastScan(context, live.audit);
  const fresh = scanned !== null && context.clock.now().getTime() - scanned.getTime() < scanFreshMs;
  const message = `triggers are ${state}: changes are ${fresh ? `not refused, and found by the scan (last ${scanned.toISOString()})` : "neither refused nor watched"}`;
  return { outcome: fresh ? "WARN" : "FAIL", expected, actual, message };
}

async function unchanged(context: Context): Promise<Found> {
  const { watched, problems, problemCount, since, rows } = await scanAttendanceAudit(context, { readOnly: true });
  if (!watched) return told(false, "an audit table", null, `${auditName} is not there`);
  const against = since === null ? "nothing is anchored yet" : `compared with what was anchored ${since}`;
  const message = `${problemCount} rows or ranges were changed or deleted; ${rows} rows, ${against}`;
  return told(problemCount === 0, [], problems, message);
}
