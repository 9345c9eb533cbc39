/**
 * The statements that operators type by hand when they check, take back or repair a migration, as their handbook has them:
 * only what stands in angle brackets is filled in. A statement that stops working breaks somebody's handbook.
 */
export interface Statement {
  /** Where the handbook has it. */
  readonly at: string;
  readonly name: string;
  readonly sql: string;
}

const orphanedMappings = (alias: string) => `SELECT COUNT(*)${alias} FROM "WaIdMapping" wm
LEFT JOIN "Member" m ON wm."murmurantId" = m.id AND wm."entityType" = 'Member'
WHERE m.id IS NULL AND wm."entityType" = 'Member'`;

const deleteOfRun = (table: string) => `DELETE FROM "${table}" t
USING "WaIdMapping" wm
WHERE wm."murmurantId" = t.id
  AND wm."entityType" = '${table}'
  AND wm."syncRunId" = '<RUN_ID>'`;

const log = (action: string, metadata: string) => `INSERT INTO "AuditLog" (action, metadata)
VALUES ('${action}', '${metadata}')`;

export const statements = {
  countAll: {
    at: "checkpoint 2.4",
    name: "count verification",
    sql: `SELECT
  (SELECT COUNT(*) FROM "Member") as members,
  (SELECT COUNT(*) FROM "Event") as events,
  (SELECT COUNT(*) FROM "Registration") as registrations,
  (SELECT COUNT(*) FROM "WaIdMapping") as mappings`,
  },
  orphanCheck: { at: "checkpoint 2.4", name: "orphan check", sql: orphanedMappings("") },
  affected: {
    at: "level 1",
    name: "find affected records",
    sql: `SELECT id, "entityType", "waId" FROM "WaIdMapping" WHERE "syncRunId" = '<RUN_ID>'`,
  },
  deleteRegistrations: { at: "level 1", name: "delete registrations", sql: deleteOfRun("Registration") },
  deleteEvents: { at: "level 1", name: "delete events", sql: deleteOfRun("Event") },
  deleteMembers: { at: "level 1", name: "delete members", sql: deleteOfRun("Member") },
  clearMappings: {
    at: "level 1",
    name: "clear the mappings",
    sql: `DELETE FROM "WaIdMapping" WHERE "syncRunId" = '<RUN_ID>'`,
  },
  logLevel1: {
    at: "level 1",
    name: "log the rollback",
    sql: log("migration:rollback:level1", '{"run_id": "<RUN_ID>"}'),
  },
  countMembers: { at: "level 2", name: "verify restoration", sql: `SELECT COUNT(*) FROM "Member"` },
  logLevel2: {
    at: "level 2",
    name: "log the restoration",
    sql: log("migration:rollback:level2", '{"restored_from": "backup_20241215_100000.dump"}'),
  },
  findMapping: {
    at: "4.2",
    name: "find the bad mapping",
    sql: `SELECT * FROM "WaIdMapping" WHERE "waId" = '<WA_ID>' AND "entityType" = 'Member'`,
  },
  correctMapping: {
    at: "4.2",
    name: "correct it",
    sql: `UPDATE "WaIdMapping"
SET "murmurantId" = '<CORRECT_UUID>'
WHERE "waId" = '<WA_ID>' AND "entityType" = 'Member'`,
  },
  logMapping: {
    at: "4.2",
    name: "log the fix",
    sql: log(
      "migration:mapping:corrected",
      '{"waId": "<WA_ID>", "oldMurmurantId": "<WRONG_UUID>", "newMurmurantId": "<CORRECT_UUID>"}',
    ),
  },
  tierCounts: {
    at: "4.3",
    name: "members by tier",
    sql: `SELECT mt.code, COUNT(*)
FROM "Member" m
JOIN "MembershipTier" mt ON m."membershipTierId" = mt.id
GROUP BY mt.code`,
  },
  duplicates: {
    at: "4.4",
    name: "find duplicates by email",
    sql: `SELECT email, array_agg(id) as ids, COUNT(*)
FROM "Member"
GROUP BY email
HAVING COUNT(*) > 1`,
  },
  moveRegistrations: {
    at: "4.4",
    name: "move registrations to the canonical member",
    sql: `UPDATE "Registration"
SET "memberId" = '<CANONICAL_UUID>'
WHERE "memberId" = '<DUPLICATE_UUID>'`,
  },
  deleteDuplicate: {
    at: "4.4",
    name: "delete the duplicate",
    sql: `DELETE FROM "Member" WHERE id = '<DUPLICATE_UUID>'`,
  },
  updateMapping: {
    at: "4.4",
    name: "update the mapping",
    sql: `UPDATE "WaIdMapping"
SET "murmurantId" = '<CANONICAL_UUID>'
WHERE "murmurantId" = '<DUPLICATE_UUID>' AND "entityType" = 'Member'`,
  },
  activity: {
    at: "5.2",
    name: "all migration activity for a run",
    sql: `SELECT * FROM "AuditLog"
WHERE action LIKE 'migration:%'
  AND metadata->>'run_id' = '<RUN_ID>'
ORDER BY "createdAt"`,
  },
  rollbacks: {
    at: "5.2",
    name: "all rollbacks in the last 30 days",
    sql: `SELECT * FROM "AuditLog"
WHERE action LIKE 'migration:rollback:%'
  AND "createdAt" > NOW() - INTERVAL '30 days'`,
  },
  operators: {
    at: "5.2",
    name: "who ran imports this month",
    sql: `SELECT
  metadata->>'operator' as operator,
  COUNT(*) as imports,
  SUM((metadata->>'duration')::int) as total_seconds
FROM "AuditLog"
WHERE action = 'migration:completed'
  AND "createdAt" > DATE_TRUNC('month', NOW())
GROUP BY metadata->>'operator'`,
  },
  orphanedMembers: { at: "7.1", name: "no orphaned mappings", sql: orphanedMappings(" as orphaned_members") },
  orphanedRegistrations: {
    at: "7.1",
    name: "no orphaned registrations",
    sql: `SELECT COUNT(*) as orphaned_regs FROM "Registration" r
LEFT JOIN "Member" m ON r."memberId" = m.id
WHERE m.id IS NULL`,
  },
  countsMatch: {
    at: "7.1",
    name: "counts match expectations",
    sql: `SELECT
  (SELECT COUNT(*) FROM "Member") as members,
  (SELECT COUNT(*) FROM "Event") as events,
  (SELECT COUNT(*) FROM "Registration") as registrations`,
  },
  syncState: { at: "7.3", name: "check sync state", sql: `SELECT * FROM "WaSyncState"` },
  resetSync: {
    at: "7.3",
    name: "reset to force a full sync",
    sql: `UPDATE "WaSyncState" SET "lastFullSync" = NULL, "lastIncSync" = NULL`,
  },
} as const satisfies Record<string, Statement>;
