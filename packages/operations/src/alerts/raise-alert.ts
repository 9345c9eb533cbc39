import { randomUUID } from "node:crypto";
import { type AlertFinding, type Connection, type Dialect, sha256 } from "@runback/core";
import { type AlertRow, alertOf } from "./alert-row.ts";
import { alertTables } from "./alert-tables.ts";
import { announce } from "./announce.ts";

/**
 * Puts a failure on record in the transaction that found it. Of one check and target only one alert is ever unresolved: the
 * first failure opens it and is told to receivers, later ones are counted. One statement does both: looking first would have
 * sessions that find the same at once wait for each other in a circle.
 */
export async function raiseAlert(tx: Connection, dialect: Dialect, finding: AlertFinding, now: Date): Promise<void> {
  const { alerts } = alertTables(dialect);
  const at = now.toISOString();
  const id = `alert-${randomUUID()}`;
  const key = openKey(finding);
  await tx.query(
    `INSERT INTO ${alerts}
       (id, check_id, target, open_key, state, severity, title, code, reasons, run_id, occurrences, opened_at, last_at)
     VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, 1, $10, $10)
     ${dialect.onConflict("open_key")} occurrences = ${alerts}.occurrences + 1, last_at = $10, code = $7, reasons = $8, run_id = $9`,
    [
      id,
      finding.check,
      finding.target,
      key,
      finding.severity,
      finding.title,
      finding.code,
      JSON.stringify(finding.reasons),
      finding.runId ?? null,
      at,
    ],
  );
  const found = await tx.query<AlertRow>(`SELECT * FROM ${alerts} WHERE open_key = $1`, [key]);
  const row = found.rows[0]!;
  if (row.id === id) await announce(tx, dialect, "opened", alertOf(row), at);
}

/** Resolves the alert of a check that passes again, if there is one. */
export async function resolveAlert(
  tx: Connection,
  dialect: Dialect,
  { check, target }: Pick<AlertFinding, "check" | "target">,
  now: Date,
): Promise<void> {
  const { alerts } = alertTables(dialect);
  const key = openKey({ check, target });
  const found = await tx.query<AlertRow>(`SELECT * FROM ${alerts} WHERE open_key = $1 ${dialect.rowLock}`, [key]);
  const row = found.rows[0];
  if (row === undefined) return;
  const at = now.toISOString();
  const { count } = await tx.query(
    `UPDATE ${alerts} SET state = 'resolved', resolved_at = $1, open_key = NULL WHERE open_key = $2`,
    [at, key],
  );
  if (count === 1) await announce(tx, dialect, "resolved", { ...alertOf(row), state: "resolved", resolvedAt: at }, at);
}

function openKey({ check, target }: Pick<AlertFinding, "check" | "target">): string {
  return sha256(JSON.stringify([target, check]));
}
