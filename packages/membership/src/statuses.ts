import type { SeedDeclaration } from "@runback/core";
import { membershipTable } from "./model.ts";

export const memberStatuses = [
  { code: "active", label: "Active", isActive: true, sortOrder: 0 },
  { code: "pending_new", label: "Pending (new)", isActive: false, sortOrder: 10 },
  { code: "pending_renewal", label: "Pending renewal", isActive: true, sortOrder: 20 },
  { code: "lapsed", label: "Lapsed", isActive: false, sortOrder: 30 },
  { code: "suspended", label: "Suspended", isActive: false, sortOrder: 40 },
  { code: "not_a_member", label: "Not a member", isActive: false, sortOrder: 50 },
  { code: "unknown", label: "Unknown", isActive: false, sortOrder: 60 },
] as const;

export const memberStatusSeed: SeedDeclaration = {
  table: membershipTable("MembershipStatus"),
  key: "code",
  rows: memberStatuses,
};

/** Status of a registration by the text of an export, compared trimmed and without letter case. */
export const registrationStatuses: ReadonlyMap<string, string> = new Map([
  ["confirmed", "CONFIRMED"],
  ["registered", "CONFIRMED"],
  ["cancelled", "CANCELLED"],
  ["canceled", "CANCELLED"],
  ["declined", "CANCELLED"],
  ["waitlisted", "WAITLISTED"],
  ["waitlist", "WAITLISTED"],
  ["pending", "PENDING"],
  ["pending payment", "PENDING_PAYMENT"],
  ["no show", "NO_SHOW"],
]);
