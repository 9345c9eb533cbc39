/** Where a Wild Apricot export keeps its files, relative to its folder. */
export const exportPaths = {
  members: "members/wa-members-export.csv",
  events: "events/wa-events-export.csv",
  registrations: "events/wa-registrations-export.csv",
} as const;
