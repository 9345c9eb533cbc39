import { randomUUID } from "node:crypto";
import type { Alert, AlertEventKind, Connection, Dialect } from "@runback/core";
import { alertTables } from "./alert-tables.ts";

/** Writes to the outbox what receivers will be told: nothing is sent before the transaction that found it has committed. */
export async function announce(
  tx: Connection,
  dialect: Dialect,
  kind: AlertEventKind,
  alert: Alert,
  at: string,
): Promise<void> {
  await tx.query(
    `INSERT INTO ${alertTables(dialect).events} (id, alert_id, kind, at, alert) VALUES ($1, $2, $3, $4, $5)`,
    [`evt-${randomUUID()}`, alert.id, kind, at, JSON.stringify(alert)],
  );
}
