export * from "./attendee-status.ts";
