import { type Alert, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { type AlertRow, alertOf } from "./alert-row.ts";
import { alertTables } from "./alert-tables.ts";
import { announce } from "./announce.ts";

/**
 * Somebody says that they are on it. It stays unresolved until its check passes.
 * @throws `ALERT_NOT_FOUND`, `ALERT_RESOLVED`
 */
export async function acknowledgeAlert(
  { engine, clock }: Pick<Context, "engine" | "clock">,
  id: string,
  by: string,
): Promise<Alert> {
  const { dialect } = engine;
  const { alerts } = alertTables(dialect);
  return await engine.transaction(async (tx) => {
    const found = await tx.query<AlertRow>(`SELECT * FROM ${alerts} WHERE id = $1 ${dialect.rowLock}`, [id]);
    if (found.rows[0] === undefined) {
      throw new RunbackError("ALERT_NOT_FOUND", `There is no alert ${id}.`, {
        recovery: "See `runback alerts list`.",
        status: 404,
      });
    }
    const alert = alertOf(found.rows[0]);
    if (alert.state === "acknowledged") return alert;
    if (alert.state === "resolved") {
      throw new RunbackError("ALERT_RESOLVED", `Alert ${id} is resolved: its check passes again.`, {
        recovery: "Nothing is left to do.",
        status: 409,
      });
    }
    const at = clock.now().toISOString();
    const acknowledged = { ...alert, state: "acknowledged" as const, acknowledgedBy: by, acknowledgedAt: at };
    await tx.query(
      `UPDATE ${alerts} SET state = 'acknowledged', acknowledged_by = $1, acknowledged_at = $2 WHERE id = $3`,
      [by, at, id],
    );
    await announce(tx, dialect, "acknowledged", acknowledged, at);
    return acknowledged;
  });
}
