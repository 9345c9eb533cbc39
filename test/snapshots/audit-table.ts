/** An audit table among the tables of users, as membership has one. */
export const auditTable = { schema: "public", name: "AuditLog" };
