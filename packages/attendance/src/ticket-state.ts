import { defineCutover, flagsNamed } from "@runback/core";

/** Another table, with a key of two columns, and writers that cannot be changed: triggers keep both columns in step. */
export const ticketState = defineCutover({
  name: "ticket-state",
  table: { schema: "", name: "event_tickets" },
  key: ["event_id", "ticket_no"],
  legacy: "state",
  column: "state_code",
  codes: [
    { code: "sold", label: "Sold", colour: "#16a34a", spellings: ["paid", "ok"] },
    { code: "reserved", label: "Reserved", colour: "#2563eb", spellings: ["held", "pending", "on hold"] },
    { code: "void", label: "Void", colour: "#6b7280", spellings: ["cancelled", "canceled", "refunded"] },
  ],
  unlisted: "quarantine",
  dualWrite: "bridge",
  flags: flagsNamed("state_code"),
});
