import { verifyBundle } from "@runback/vault";
import type { Check } from "../check-context.ts";

/** The bundle is what was written: its hashes hold, and its own hash is the one the run recorded on the target. */
export const bundleIntegrity: Check = {
  id: "bundle-integrity",
  name: "Bundle Integrity",
  category: "integrity",
  run: async ({ bundle, recordedBundle }) => {
    const verified = await verifyBundle(bundle);
    if (verified.sha256 === null) {
      return recordedBundle === null
        ? {
            outcome: "WARN",
            expected: "SHA256SUMS",
            actual: null,
            message: "The bundle has no SHA256SUMS: another tool wrote it",
          }
        : {
            outcome: "FAIL",
            expected: recordedBundle,
            actual: null,
            message: "SHA256SUMS is missing from a bundle that had one",
          };
    }
    const broken = [
      ...verified.files.filter((file) => !file.ok).map((file) => file.name),
      ...verified.missing.map((name) => `${name} (missing)`),
    ];
    if (!verified.ok) {
      const what = broken.length > 0 ? broken : verified.extra.map((name) => `${name} (not in SHA256SUMS)`);
      return {
        outcome: "FAIL",
        expected: "hashes hold",
        actual: what,
        message: `Hashes do not hold: ${what.slice(0, 10).join(", ")}`,
      };
    }
    if (recordedBundle !== null && recordedBundle !== verified.sha256) {
      return {
        outcome: "FAIL",
        expected: recordedBundle,
        actual: verified.sha256,
        message: "The bundle is not the one this run recorded",
      };
    }
    return {
      outcome: "PASS",
      expected: verified.sha256,
      actual: verified.sha256,
      message: `${verified.files.length} files match SHA256SUMS`,
    };
  },
};
