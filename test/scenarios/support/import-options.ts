import { sampleTierMapping, wildApricotImport } from "@runback/membership";
import type { ImportOptions } from "@runback/operations";

export const samplePolicies = {
  "display.organizationName": "Sample Club",
  "scheduling.timezone": "America/Los_Angeles",
  "membership.tiers.waMapping": sampleTierMapping,
};

/** A live import of the membership migration from a folder. */
export function importOptions(source: string, more: Partial<ImportOptions> = {}): ImportOptions {
  return {
    declaration: wildApricotImport,
    policies: samplePolicies,
    source,
    operator: "alice",
    dryRun: false,
    ...more,
  };
}
