import { type EngineName, engineNames } from "../support/engines.ts";
import { rotatedEngines } from "../support/rotated-engines.ts";

/** One engine of each family; every way to reach one where every engine is asked. */
export const families: readonly EngineName[] =
  process.env.RUNBACK_EVERY_ENGINE || process.env.RUNBACK_DEEP
    ? rotatedEngines
    : engineNames.filter((name) => name === "postgres" || name === "mysql" || name === "sqlite");
