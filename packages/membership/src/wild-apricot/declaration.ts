import type { ImportDeclaration } from "@runback/core";
import { membershipModel, membershipTable } from "../model.ts";
import { membershipPolicies } from "../policies.ts";
import { memberStatusSeed } from "../statuses.ts";
import { tierSeed } from "../tiers.ts";
import { events } from "./events.ts";
import { members } from "./members.ts";
import { registrations } from "./registrations.ts";

/** The membership migration: a Wild Apricot export becomes members, events and registrations. */
export const wildApricotImport: ImportDeclaration = {
  name: "membership",
  entities: [members, events, registrations],
  mapping: {
    table: membershipTable("WaIdMapping"),
    id: "id",
    entityType: "entityType",
    sourceId: "waId",
    targetId: "murmurantId",
    runId: "syncRunId",
    provenance: "provenance",
    at: "syncedAt",
  },
  lookups: [
    { name: "tiers", table: membershipTable("MembershipTier"), code: "code", id: "id" },
    { name: "statuses", table: membershipTable("MembershipStatus"), code: "code", id: "id" },
  ],
  policies: membershipPolicies,
  auditTable: membershipTable("AuditLog"),
  model: membershipModel,
  seeds: [tierSeed, memberStatusSeed, { table: membershipTable("WaSyncState"), key: "id", rows: [{ id: 1 }] }],
  checks: [
    {
      kind: "distribution",
      id: "tier-distribution",
      name: "Tier Distribution",
      entity: "members",
      column: "membershipTierId",
      lookup: "tiers",
      title: "name",
      order: "sortOrder",
      noun: "tier",
      mappingPolicy: "membership.tiers.waMapping",
    },
    {
      kind: "coverage",
      id: "tier-coverage",
      name: "Tier Coverage",
      entity: "members",
      column: "membershipTierId",
      threshold: 0.95,
      noun: "tier",
    },
    { kind: "orphans", id: "orphaned-registrations", name: "Orphaned Registrations", entity: "registrations" },
  ],
  syncState: {
    table: membershipTable("WaSyncState"),
    columns: ["lastFullSync", "lastMembersSync", "lastEventsSync", "lastRegistrationsSync"],
    reset: ["lastIncSync"],
  },
};
