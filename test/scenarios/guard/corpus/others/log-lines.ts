export function report(error: Error) {
  console.error("UPDATE event_attendance SET status failed", error);
  logger.info(`Update of event_attendance: set status to ${error.message}`);
  throw new Error("INSERT INTO event_attendance (status) is no longer done here");
}
