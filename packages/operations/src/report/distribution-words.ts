import type { DistributionWords, VerificationReport } from "@runback/core";

const membership: DistributionWords = { title: "Tier Distribution", noun: "tier", rows: "members" };

/** The words of a report's distribution; null when there is none to show. */
export function distributionWords({ distribution }: VerificationReport): DistributionWords | null {
  return distribution === undefined ? membership : distribution;
}

/** `tier` → `Tier`. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
