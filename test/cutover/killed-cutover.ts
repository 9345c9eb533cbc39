import { attendeeStatus } from "@runback/attendance";
import type { ColumnCutover, DualWrite } from "@runback/core";

/** Runbook 1's cutover as the processes that are killed know it: gates that a test can wait for. */
export function killedCutover(dualWrite: DualWrite = "application"): ColumnCutover {
  return {
    ...attendeeStatus,
    dualWrite,
    gates: { cleanMonitorRuns: 2, observationHours: { 3: 2, 4: 2, 5: 4 } },
  };
}
