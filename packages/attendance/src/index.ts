export * from "./attendee-status.ts";
export * from "./ticket-state.ts";
