import type { EntityDeclaration, ParseContext, Parsed } from "@runback/core";
import { membershipTable } from "../model.ts";
import { parseInstant } from "./dates.ts";
import { stamps } from "./stamps.ts";
import { optionalText, requiredText } from "./text.ts";

export const members: EntityDeclaration = {
  name: "members",
  label: "Member",
  table: membershipTable("Member"),
  id: "id",
  files: ["members/wa-members-export.csv", "members.csv"],
  sourceId: "Contact ID",
  fields: [
    requiredText("firstName", "First name"),
    requiredText("lastName", "Last name"),
    { column: "email", type: "text", from: ["Email"], parse: ([email]) => parseEmail(email!) },
    optionalText("phone", "Phone"),
    {
      column: "joinedAt",
      type: "instant",
      from: ["Member since"],
      parse: ([since], context) => named("Member since", parseInstant(since!, zone(context))),
    },
    {
      column: "membershipTierId",
      type: "uuid",
      from: ["Membership level"],
      parse: ([level], context) => tierId(level!, context),
    },
    {
      column: "membershipStatusId",
      type: "uuid",
      from: ["Membership level"],
      parse: ([level], context) => statusId(level!, context),
    },
    optionalText("waMembershipLevelRaw", "Membership level"),
  ],
  references: [],
  identity: { terms: [{ column: "email", compare: "case-insensitive" }], unique: true },
  stamps,
  expectAtLeast: { records: 100, level: "high" },
};

export function zone(context: ParseContext): string {
  return String(context.policies["scheduling.timezone"]);
}

/** Puts the column's name before a refusal's message. */
export function named(column: string, parsed: Parsed): Parsed {
  return parsed !== null && typeof parsed === "object" ? { ...parsed, message: `${column} ${parsed.message}` } : parsed;
}

// An @ with something before it, and a dot inside the domain. Whether mail arrives there is not for an import to decide.
const address = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;

function parseEmail(text: string): Parsed {
  const email = text.trim();
  if (email === "") return { reason: "missing-value", message: "Email is empty" };
  if (email.length > 320) return { reason: "too-long", message: "Email is longer than 320 characters" };
  return address.test(email) ? email : { reason: "invalid-email", message: "Email has no @ or no dot in its domain" };
}

function tierCode(level: string, { policies }: ParseContext): string | undefined {
  const mapping = policies["membership.tiers.waMapping"] as Readonly<Record<string, string | true>>;
  const code = Object.hasOwn(mapping, level) ? mapping[level] : mapping._default;
  return code === true ? String(policies["membership.tiers.defaultCode"]) : code;
}

/** A level nobody mapped is counted by name; it gets a tier only if the policy has a `_default`. */
function tierId(text: string, context: ParseContext): Parsed {
  const level = text.trim();
  if (level === "" || context.policies["membership.tiers.enabled"] !== true) return null;
  const mapping = context.policies["membership.tiers.waMapping"] as Readonly<Record<string, unknown>>;
  if (!Object.hasOwn(mapping, level)) context.note("unmapped-level", level.slice(0, 100));
  const code = tierCode(level, context);
  if (code === undefined)
    return { reason: "unmapped-level", message: "Membership level has no tier in membership.tiers.waMapping" };
  return (
    context.lookups.tiers?.get(code) ?? { reason: "unknown-tier", message: `tier ${code} is not in MembershipTier` }
  );
}

/** Exports carry no status: no level is no member, a level of the lapsed tier is lapsed, every other level is active. */
function statusId(text: string, context: ParseContext): Parsed {
  const level = text.trim();
  const code = level === "" ? "not_a_member" : tierCode(level, context) === "LAPSED" ? "lapsed" : "active";
  return (
    context.lookups.statuses?.get(code) ?? {
      reason: "unknown-status",
      message: `status ${code} is not in MembershipStatus`,
    }
  );
}
