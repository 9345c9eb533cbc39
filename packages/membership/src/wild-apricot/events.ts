import type { EntityDeclaration, Parsed } from "@runback/core";
import { membershipTable } from "../model.ts";
import { parseInstant } from "./dates.ts";
import { named, zone } from "./members.ts";
import { stamps } from "./stamps.ts";
import { optionalText, requiredText } from "./text.ts";

export const events: EntityDeclaration = {
  name: "events",
  label: "Event",
  table: membershipTable("Event"),
  id: "id",
  files: ["events/wa-events-export.csv", "events.csv"],
  sourceId: "Event ID",
  fields: [
    requiredText("title", "Event name"),
    optionalText("description", "Description"),
    optionalText("category", "Tags"),
    optionalText("location", "Location"),
    {
      column: "startTime",
      type: "instant",
      from: ["Start date"],
      parse: ([start], context) => required("Start date", named("Start date", parseInstant(start!, zone(context)))),
    },
    {
      column: "endTime",
      type: "instant",
      from: ["End date", "Start date"],
      parse: ([end, start], context) =>
        endAfterStart(parseInstant(end!, zone(context)), parseInstant(start!, zone(context))),
    },
    { column: "capacity", type: "integer", from: ["Registration limit"], parse: ([limit]) => parseLimit(limit!) },
  ],
  references: [],
  identity: {
    terms: [
      { column: "title", compare: "trimmed-case-insensitive" },
      { column: "startTime", compare: { withinMinutes: 60 } },
    ],
    unique: false,
  },
  stamps: [
    ...stamps,
    // Exports do not say who may see an event, so none is shown to the public by being imported.
    { column: "status", when: "create", value: { constant: "APPROVED", type: "text" } },
    { column: "isPublished", when: "create", value: { constant: "false", type: "boolean" } },
  ],
  expectAtLeast: { records: 10, level: "medium" },
};

function required(column: string, parsed: Parsed): Parsed {
  return parsed === null ? { reason: "missing-value", message: `${column} is empty` } : parsed;
}

function endAfterStart(end: Parsed, start: Parsed): Parsed {
  if (typeof end !== "string" || typeof start !== "string") return named("End date", end);
  if (Date.parse(end) < Date.parse(start))
    return { reason: "end-before-start", message: "End date is before the start date" };
  return end;
}

/** 0 and empty mean no limit. */
function parseLimit(text: string): Parsed {
  const limit = text.trim();
  if (limit === "" || limit === "0") return null;
  if (/^-\d+$/.test(limit)) return { reason: "negative-limit", message: "Registration limit is negative" };
  if (!/^\d{1,9}$/.test(limit))
    return { reason: "invalid-number", message: "Registration limit is not a whole number" };
  return String(Number(limit)) === "0" ? null : String(Number(limit));
}
