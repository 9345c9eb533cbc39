export * from "./attendee-status.ts";
export * from "./attendee-transition.ts";
export * from "./check-in.ts";
export * from "./closing-time.ts";
export * from "./event-times.ts";
export * from "./ticket-state.ts";
export * from "./utc-instant.ts";
export * from "./vocabulary.ts";
