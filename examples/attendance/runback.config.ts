import { eventParticipants } from "@runback/attendance";
import { defineConfig } from "@runback/runtime";

// Nothing is imported here: the application's own tables get attendance, and events that are over are closed.
export default defineConfig({ migrations: [], attendance: { vocabulary: eventParticipants } });
