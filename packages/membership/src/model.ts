import type { ColumnModel, LogicalType, TableModel, TableRef } from "@runback/core";

/** A table of the membership model, in the schema its applications use. */
export function membershipTable(name: string): TableRef {
  return { schema: "public", name };
}

const column = (name: string, type: LogicalType, options: Partial<ColumnModel> = {}): ColumnModel => ({
  name,
  type,
  nullable: false,
  ...options,
});
const optional = (name: string, type: LogicalType) => column(name, type, { nullable: true });
const id = column("id", "uuid", { default: "new-id" });
const timestamps = [
  column("createdAt", "instant", { default: "now" }),
  column("updatedAt", "instant", { default: "now" }),
];

function model(
  name: string,
  parts: Partial<Omit<TableModel, "schema" | "name">> & Pick<TableModel, "columns">,
): TableModel {
  return {
    ...membershipTable(name),
    primaryKey: ["id"],
    unique: [],
    uniqueIgnoringCase: [],
    foreignKeys: [],
    indexes: [],
    ...parts,
  };
}

/** The target model that runbooks 3 and 4 write their SQL against, parents first. */
export const membershipModel: readonly TableModel[] = [
  model("MembershipTier", {
    columns: [id, column("code", "text"), column("name", "text"), column("sortOrder", "integer")],
    unique: [["code"]],
  }),
  model("MembershipStatus", {
    columns: [
      id,
      column("code", "text"),
      column("label", "text"),
      column("isActive", "boolean", { default: { literal: "false" } }),
      column("sortOrder", "integer"),
    ],
    unique: [["code"]],
  }),
  model("Member", {
    columns: [
      id,
      column("firstName", "text"),
      column("lastName", "text"),
      column("email", "text"),
      optional("phone", "text"),
      optional("joinedAt", "instant"),
      column("membershipStatusId", "uuid"),
      optional("membershipTierId", "uuid"),
      optional("waMembershipLevelRaw", "text"),
      ...timestamps,
    ],
    uniqueIgnoringCase: ["email"],
    foreignKeys: [
      { column: "membershipStatusId", references: membershipTable("MembershipStatus"), onDelete: "restrict" },
      { column: "membershipTierId", references: membershipTable("MembershipTier"), onDelete: "set null" },
    ],
  }),
  model("Event", {
    columns: [
      id,
      column("title", "text"),
      optional("description", "text"),
      optional("category", "text"),
      optional("location", "text"),
      column("startTime", "instant"),
      optional("endTime", "instant"),
      optional("capacity", "integer"),
      column("status", "text"),
      column("isPublished", "boolean", { default: { literal: "false" } }),
      ...timestamps,
    ],
  }),
  model("Registration", {
    columns: [
      id,
      column("memberId", "uuid"),
      column("eventId", "uuid"),
      column("status", "text"),
      optional("waitlistPosition", "integer"),
      column("registeredAt", "instant"),
      optional("cancelledAt", "instant"),
      optional("confirmedAt", "instant"),
      ...timestamps,
    ],
    unique: [["eventId", "memberId"]],
    foreignKeys: [
      { column: "memberId", references: membershipTable("Member"), onDelete: "restrict" },
      { column: "eventId", references: membershipTable("Event"), onDelete: "restrict" },
    ],
    indexes: [["memberId"]],
  }),
  model("WaIdMapping", {
    columns: [
      id,
      column("entityType", "text"),
      column("waId", "text"),
      column("murmurantId", "uuid"),
      column("syncRunId", "text"),
      column("provenance", "text"),
      column("syncedAt", "instant"),
    ],
    unique: [
      ["entityType", "waId"],
      ["entityType", "murmurantId"],
    ],
  }),
  model("WaSyncState", {
    columns: [
      column("id", "integer"),
      optional("lastFullSync", "instant"),
      optional("lastIncSync", "instant"),
      optional("lastMembersSync", "instant"),
      optional("lastEventsSync", "instant"),
      optional("lastRegistrationsSync", "instant"),
    ],
  }),
  model("AuditLog", {
    columns: [
      id,
      column("action", "text"),
      column("metadata", "json", { default: { literal: "{}" } }),
      column("createdAt", "instant", { default: "now" }),
    ],
  }),
];
