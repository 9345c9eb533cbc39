import { randomUUID } from "node:crypto";
import { type AlertFinding, type Connection, type Dialect, sha256 } from "@runback/core";
import { type AlertRow, alertOf } from "./alert-row.ts";
import { alertTables } from "./alert-tables.ts";
import { announce } from "./announce.ts";

/**
 * Puts a failure on record in the transaction that found it. Of one check and target only one alert is ever unresolved: the
 * first failure opens it and is told to receivers, later ones are counted.
 */
export async function raiseAlert(tx: Connection, dialect: Dialect, finding: AlertFinding, now: Date): Promise<void> {
  if (await repeated(tx, dialect, finding, now)) return;
  try {
    await tx.savepoint((inner) => open(inner, dialect, finding, now));
  } catch (error) {
    // Another session opened it in this moment.
    if (!(await repeated(tx, dialect, finding, now))) throw error;
  }
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

/** Counts one more failure of an alert that is not resolved; false when there is none. */
async function repeated(tx: Connection, dialect: Dialect, finding: AlertFinding, now: Date): Promise<boolean> {
  const { count } = await tx.query(
    `UPDATE ${alertTables(dialect).alerts} SET occurrences = occurrences + 1, last_at = $1, code = $2, reasons = $3, run_id = $4 WHERE open_key = $5`,
    [now.toISOString(), finding.code, JSON.stringify(finding.reasons), finding.runId ?? null, openKey(finding)],
  );
  return count === 1;
}

async function open(tx: Connection, dialect: Dialect, finding: AlertFinding, now: Date): Promise<void> {
  const at = now.toISOString();
  const id = `alert-${randomUUID()}`;
  await tx.query(
    `INSERT INTO ${alertTables(dialect).alerts}
       (id, check_id, target, open_key, state, severity, title, code, reasons, run_id, occurrences, opened_at, last_at)
     VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, 1, $10, $10)`,
    [
      id,
      finding.check,
      finding.target,
      openKey(finding),
      finding.severity,
      finding.title,
      finding.code,
      JSON.stringify(finding.reasons),
      finding.runId ?? null,
      at,
    ],
  );
  const none = { acknowledgedBy: null, acknowledgedAt: null, resolvedAt: null };
  const alert = { ...finding, id, state: "open" as const, occurrences: 1, openedAt: at, lastAt: at, ...none };
  await announce(tx, dialect, "opened", alert, at);
}
