import type { PolicyDeclaration } from "@runback/core";
import { z } from "zod";
import { tiers } from "./tiers.ts";

const timeZone = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}, "must be a time zone of the IANA database, like America/Los_Angeles");

const tierCode = z.enum(tiers.map((tier) => tier.code));
const days = z.number().int().min(0);
const percent = z.number().min(0).max(100);

function policy(
  key: string,
  schema: z.ZodType,
  description: string,
  initial?: unknown,
  required = false,
): PolicyDeclaration {
  return {
    key,
    description,
    required,
    ...(initial === undefined ? {} : { default: initial }),
    validate: (value) => {
      const checked = schema.safeParse(value);
      return checked.success
        ? null
        : checked.error.issues
            .map((issue) => [issue.path.join("."), issue.message].filter(Boolean).join(": "))
            .join("; ");
    },
  };
}

/** The policies of an organisation that a migration carries, with what each may be. */
export const membershipPolicies: readonly PolicyDeclaration[] = [
  policy("display.organizationName", z.string().trim().min(1), "Name of the organisation", undefined, true),
  policy("display.memberTermSingular", z.string().min(1), "What one member is called", "member"),
  policy("display.memberTermPlural", z.string().min(1), "What members are called", "members"),
  policy("governance.boardEligibilityDays", days, "Days of membership before board eligibility", 730),
  policy("governance.minutesReviewDays", days, "Days to review minutes", 7),
  policy("governance.quorumPercentage", percent, "Share of members that makes a quorum", 50),
  policy("kpi.eventAttendanceDangerPercent", percent, "Attendance below this is a danger", 25),
  policy("kpi.eventAttendanceWarningPercent", percent, "Attendance below this is a warning", 50),
  policy("kpi.membershipDangerThreshold", days, "Members below this is a danger", 150),
  policy("kpi.membershipWarningThreshold", days, "Members below this is a warning", 200),
  policy("membership.extendedDays", days, "Days of an extended membership", 730),
  policy("membership.gracePeriodDays", days, "Days of grace after expiry", 30),
  policy("membership.newbieDays", days, "Days a member counts as new", 90),
  policy("membership.renewalReminderDays", days, "Days before expiry to remind", 30),
  policy("scheduling.timezone", timeZone, "Time zone of local dates in exports", "America/Los_Angeles", true),
  policy("scheduling.announcementDay", z.number().int().min(0).max(6), "Weekday of announcements, 0 is Sunday", 0),
  policy("scheduling.announcementHour", z.number().int().min(0).max(23), "Hour of announcements", 8),
  policy("scheduling.eventArchiveDays", days, "Days until events are archived", 30),
  policy("scheduling.registrationOpenDay", z.number().int().min(0).max(6), "Weekday registration opens", 2),
  policy("scheduling.registrationOpenHour", z.number().int().min(0).max(23), "Hour registration opens", 8),
  policy("membership.tiers.enabled", z.boolean(), "Whether members have tiers", true),
  policy("membership.tiers.defaultCode", tierCode, "Tier that `_default` in the mapping stands for", "GENERAL"),
  policy(
    "membership.tiers.waMapping",
    z.record(z.string(), z.union([tierCode, z.literal(true)])),
    "Tier by membership level; `_default` gives unmapped levels a tier (a code, or true for defaultCode)",
    {},
  ),
];
