export * from "./attendee-status.ts";
export * from "./attendee-transition.ts";
export * from "./check-in.ts";
export * from "./event-times.ts";
export * from "./migration/attendance-tables.ts";
export * from "./migration/judge-column.ts";
export * from "./migration/plan-migration.ts";
export * from "./ticket-state.ts";
