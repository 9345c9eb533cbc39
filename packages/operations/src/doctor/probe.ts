import type { Vault } from "@runback/core";

/** Below dry runs: whatever a doctor leaves is swept with them, by roles that may delete nothing else. */
export const probePrefix = "dry-runs/doctor-";

/** Removes what earlier doctors had to leave (locked objects); what is still locked goes next time. */
export async function clearProbes(vault: Vault): Promise<void> {
  try {
    for await (const { key } of vault.list(probePrefix)) await vault.delete(key).catch(() => {});
  } catch {
    // A vault that cannot be listed is what the checks report.
  }
}
