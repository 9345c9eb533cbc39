import type { SeedDeclaration } from "@runback/core";
import { membershipTable } from "./model.ts";

/** Tier codes in their order, with the name shown to people. */
export const tiers = [
  { code: "PROSPECT", name: "Prospect", sortOrder: 0 },
  { code: "NEWCOMER", name: "Newcomer", sortOrder: 10 },
  { code: "FIRST_YEAR", name: "First year", sortOrder: 20 },
  { code: "SECOND_YEAR", name: "Second year", sortOrder: 30 },
  { code: "THIRD_YEAR", name: "Third year", sortOrder: 40 },
  { code: "ALUMNI", name: "Alumni", sortOrder: 50 },
  { code: "LAPSED", name: "Lapsed", sortOrder: 60 },
  { code: "GENERAL", name: "General", sortOrder: 100 },
] as const;

export const tierSeed: SeedDeclaration = { table: membershipTable("MembershipTier"), key: "code", rows: tiers };
