/** Engines that `RUNBACK_TEST_SKIP` names (separated by commas): the only way to leave one out. */
export const skippedEngines: readonly string[] = (process.env.RUNBACK_TEST_SKIP ?? "")
  .split(",")
  .map((name) => name.trim())
  .filter((name) => name !== "");
