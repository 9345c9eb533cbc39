import type { Run } from "@runback/core";

/** One run of a migration at a time writes, and so does its rollback. */
export const leaseName = (run: Run) => `migration:${run.migration}`;
