import { type Alert, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { type AlertRow, alertOf } from "./alert-row.ts";
import { alertTables } from "./alert-tables.ts";

export interface AlertsRequest {
  /** Resolved ones too. */
  readonly all?: boolean;
  readonly limit?: number;
  /** Only of these checks. */
  readonly checks?: readonly string[];
}

export interface AlertList {
  readonly alerts: readonly Alert[];
  /** Deliveries that were given up, by receiver. */
  readonly dead: readonly { readonly receiver: string; readonly deliveries: number }[];
}

/** Newest first. @throws `LIMIT_INVALID` outside 1 to 1,000 */
export async function listAlerts({ engine }: Pick<Context, "engine">, request: AlertsRequest): Promise<AlertList> {
  const limit = request.limit ?? 100;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new RunbackError("LIMIT_INVALID", "A page has 1 to 1000 alerts.", { recovery: "Ask for fewer." });
  }
  const { alerts, deliveries } = alertTables(engine.dialect);
  const { checks } = request;
  const where = [
    ...(request.all ? [] : ["open_key IS NOT NULL"]),
    ...(checks === undefined
      ? []
      : [checks.length === 0 ? "1 = 0" : `check_id IN (${checks.map((_, at) => `$${at + 1}`)})`]),
  ];
  const found = await engine.query<AlertRow>(
    `SELECT * FROM ${alerts} ${where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`} ORDER BY opened_at DESC, id LIMIT ${limit}`,
    checks ?? [],
  );
  const dead = await engine.query<{ receiver: string; deliveries: number | string }>(
    `SELECT receiver, count(*) AS deliveries FROM ${deliveries} WHERE dead_at IS NOT NULL GROUP BY receiver ORDER BY receiver`,
  );
  return {
    alerts: found.rows.map(alertOf),
    dead: dead.rows.map((row) => ({ receiver: row.receiver, deliveries: Number(row.deliveries) })),
  };
}
