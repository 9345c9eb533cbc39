import type { Dialect } from "@runback/core";

/** Runback's own tables of cutovers, as an engine names them. */
export function cutoverTables({ table }: Pick<Dialect, "table">): {
  cutovers: string;
  evidence: string;
  metrics: string;
  reports: string;
} {
  return {
    cutovers: table({ schema: "runback", name: "cutovers" }),
    evidence: table({ schema: "runback", name: "cutover_evidence" }),
    metrics: table({ schema: "runback", name: "cutover_metrics" }),
    reports: table({ schema: "runback", name: "cutover_reports" }),
  };
}
