import type { Runtime } from "@runback/runtime";
import type { Job } from "./scheduler.ts";

const hourMs = 60 * 60 * 1000;

/** What a serving process does by itself. On AWS, schedules of their own call the same verbs. */
export function standardJobs(runtime: Runtime): readonly Job[] {
  return [
    { name: "audit-verification", everyMs: hourMs, run: () => runtime.anchorAudit() },
    { name: "vault-retention", everyMs: 24 * hourMs, run: () => runtime.sweepRetention() },
    { name: "snapshot-verification", everyMs: 24 * hourMs, run: () => runtime.snapshots.prove() },
  ];
}
