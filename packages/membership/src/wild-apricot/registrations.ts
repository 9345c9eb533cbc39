import type { EntityDeclaration, Parsed } from "@runback/core";
import { membershipTable } from "../model.ts";
import { registrationStatuses } from "../statuses.ts";
import { parseInstant } from "./dates.ts";
import { named, zone } from "./members.ts";
import { stamps } from "./stamps.ts";

export const registrations: EntityDeclaration = {
  name: "registrations",
  label: "Registration",
  table: membershipTable("Registration"),
  id: "id",
  files: ["events/wa-registrations-export.csv", "registrations/wa-registrations-export.csv", "registrations.csv"],
  sourceId: "Registration ID",
  fields: [
    { column: "status", type: "text", from: ["Registration status"], parse: ([text]) => parseStatus(text!) },
    {
      column: "registeredAt",
      type: "instant",
      from: ["Registration date"],
      parse: ([date], context) => {
        const parsed = named("Registration date", parseInstant(date!, zone(context)));
        return parsed === null ? { reason: "missing-value", message: "Registration date is empty" } : parsed;
      },
    },
    {
      column: "cancelledAt",
      type: "instant",
      from: ["Cancellation date"],
      parse: ([date], context) => named("Cancellation date", parseInstant(date!, zone(context))),
    },
    {
      column: "confirmedAt",
      type: "instant",
      from: ["Registration status", "Registration date"],
      parse: ([status, date], context) => {
        if (parseStatus(status!) !== "CONFIRMED") return null;
        const parsed = parseInstant(date!, zone(context));
        return typeof parsed === "string" ? parsed : null;
      },
    },
  ],
  references: [
    { column: "memberId", from: "Contact ID", entity: "members" },
    { column: "eventId", from: "Event ID", entity: "events" },
  ],
  identity: {
    terms: [
      { column: "memberId", compare: "equal" },
      { column: "eventId", compare: "equal" },
    ],
    unique: true,
  },
  stamps,
};

function parseStatus(text: string): Parsed {
  return (
    registrationStatuses.get(text.trim().toLowerCase()) ?? {
      reason: "unknown-status",
      message: "Registration status is none of the known ones",
    }
  );
}
