import { defineCutover, flagsNamed } from "@runback/core";

/** Runbook 1: `event_attendance.status`, free text in many spellings, becomes `status_v2` with four codes. */
export const attendeeStatus = defineCutover({
  name: "attendee-status",
  table: { schema: "", name: "event_attendance" },
  key: ["id"],
  legacy: "status",
  column: "status_v2",
  codes: [
    {
      code: "preregistered",
      label: "Pre-Registered",
      colour: "#2563eb",
      spellings: ["pre-registered", "pre_registered", "pre reg", "pre-reg", "registered", "reg"],
    },
    { code: "walkin", label: "Walk-in", colour: "#8b5cf6", spellings: ["walk-in", "walk_in", "walk in"] },
    {
      code: "checkedin",
      label: "Checked-In",
      colour: "#16a34a",
      spellings: ["checked-in", "checked_in", "checked in", "present", "attended"],
    },
    {
      code: "dna",
      label: "Did Not Attend (DNA)",
      colour: "#6b7280",
      spellings: ["did not attend", "did_not_attend", "no show", "no_show", "noshow", "absent"],
    },
  ],
  unlisted: "quarantine",
  runbook: {
    cases: [
      { code: "checkedin", spellings: ["checkedin", "attended", "present"] },
      { code: "dna", spellings: ["dna", "noshow", "no_show"] },
      { code: "walkin", spellings: ["walkin", "walk_in"] },
    ],
    otherwise: "preregistered",
  },
  dualWrite: "application",
  flags: flagsNamed("status_v2"),
});
