import { RunbackError, redact } from "@runback/core";
import type { Context } from "../context.ts";
import { alertDelivery } from "./checks/alerts.ts";
import { auditProtection } from "./checks/audit-protection.ts";
import { clockDifference } from "./checks/clock.ts";
import { connection } from "./checks/connection.ts";
import { environmentContract } from "./checks/environment.ts";
import { grants } from "./checks/grants.ts";
import { nodeVersion } from "./checks/node-version.ts";
import { objectLock } from "./checks/object-lock.ts";
import { ownTables } from "./checks/own-tables.ts";
import { passwordCharacters } from "./checks/password.ts";
import { searchPath } from "./checks/search-path.ts";
import { serverVersion } from "./checks/server-version.ts";
import { timeZone } from "./checks/time-zone.ts";
import { vaultRoundTrip } from "./checks/vault.ts";
import { writeFreeze } from "./checks/write-freeze.ts";
import { type DoctorCheck, type DoctorOptions, type Finding, fail } from "./finding.ts";
import { clearProbes } from "./probe.ts";

export interface DoctorReport {
  /** No check failed; warnings may be there. */
  readonly ok: boolean;
  readonly checks: readonly (Finding & { readonly id: string })[];
}

const checks: readonly DoctorCheck[] = [
  nodeVersion,
  environmentContract,
  passwordCharacters,
  connection,
  serverVersion,
  ownTables,
  grants,
  searchPath,
  timeZone,
  clockDifference,
  auditProtection,
  writeFreeze,
  alertDelivery,
  vaultRoundTrip,
  objectLock,
];

/**
 * Says whether this installation can do its work: environment, target, vault. Changes nothing but a probe object in the
 * vault. A check that cannot run fails; none stops the others.
 */
export async function doctor(context: Context, options: DoctorOptions): Promise<DoctorReport> {
  await clearProbes(context.vault);
  const findings: (Finding & { id: string })[] = [];
  let connected = true;
  for (const check of checks) {
    const finding: Finding =
      check.needsTarget && !connected
        ? fail("not asked: the target cannot be reached", "See the check `connection`.")
        : await run(check, context, options);
    findings.push({ id: check.id, ...finding });
    if (check.id === connection.id) connected = finding.outcome === "PASS";
  }
  return { ok: findings.every((finding) => finding.outcome !== "FAIL"), checks: findings };
}

async function run(check: DoctorCheck, context: Context, options: DoctorOptions): Promise<Finding> {
  try {
    return await check.run(context, options);
  } catch (error) {
    if (error instanceof RunbackError) return fail(`${error.code}: ${redact(error.message)}`, error.recovery);
    const message = error instanceof Error ? redact(error.message) : "unknown error";
    return fail(`the check could not run: ${message}`, "Solve what the message says, then run `runback doctor` again.");
  }
}
