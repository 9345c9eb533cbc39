import { alertTables } from "../alerts/alert-tables.ts";
import { raiseAlert, resolveAlert } from "../alerts/raise-alert.ts";
import type { Context } from "../context.ts";
import { closingCheck } from "./closing.ts";

type Alerting = Pick<Context, "engine" | "clock" | "target" | "logger">;

const targetOf = ({ target = "default" }: Alerting) => target;

/** Keys of events whose last closing failed, the longest untried first: those that have an alert that nothing resolved. */
export async function failingEvents(context: Alerting): Promise<string[]> {
  const { engine } = context;
  const prefix = closingCheck("");
  // Keys may hold what LIKE takes for a pattern, so the prefix is compared and not matched.
  const { rows } = await engine.query<{ check_id: string }>(
    `SELECT check_id FROM ${alertTables(engine.dialect).alerts}
     WHERE open_key IS NOT NULL AND target = $1 AND substr(check_id, 1, ${prefix.length}) = $2 ORDER BY last_at, id`,
    [targetOf(context), prefix],
  );
  return rows.map((row) => row.check_id.slice(prefix.length));
}

/** Of a closing that failed before its run was on record; one whose run failed has its alert from there. */
export async function raiseClosingAlert(context: Alerting, event: string, code: string): Promise<void> {
  const { engine, clock, logger } = context;
  const finding = {
    ...{ check: closingCheck(event), target: targetOf(context), severity: "error" as const },
    ...{ title: `Event ${event} is over and could not be closed`, code, reasons: [] },
  };
  await engine
    .transaction((tx) => raiseAlert(tx, engine.dialect, finding, clock.now()))
    .catch(() => logger.log("error", "alert.lost", { check: finding.check, code }));
}

/** Of an event that needs no closing any more: it was postponed, deleted, or put right by hand. */
export async function resolveClosingAlert(context: Alerting, event: string): Promise<void> {
  const { engine, clock } = context;
  const about = { check: closingCheck(event), target: targetOf(context) };
  await engine.transaction((tx) => resolveAlert(tx, engine.dialect, about, clock.now()));
}
