import { attendeeStatus } from "@runback/attendance";
import { sampleTierMapping, wildApricotImport } from "@runback/membership";
import { defineConfig } from "@runback/runtime";

// What this installation migrates. The sample organisation below is what `npm start` imports; replace its policies and
// source with your own.
export default defineConfig({
  migrations: [
    {
      declaration: wildApricotImport,
      source: ".runback/sample",
      policies: {
        "display.organizationName": "Sample Club",
        "scheduling.timezone": "America/Los_Angeles",
        "membership.tiers.waMapping": sampleTierMapping,
      },
    },
  ],
  // Columns on their way from one to another; `runback guard` fails a build that still writes the old one.
  cutovers: [attendeeStatus],
});
