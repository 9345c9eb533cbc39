import { type EngineName, engineNames } from "../support/engines.ts";

/** One engine a family every day; every way to reach one where all are asked. */
export const attendanceEngines: readonly EngineName[] =
  process.env.RUNBACK_EVERY_ENGINE || process.env.RUNBACK_DEEP
    ? engineNames
    : engineNames.filter((name) => name === "postgres" || name === "mysql" || name === "sqlite");
