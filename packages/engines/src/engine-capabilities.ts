import type { Capabilities } from "@runback/core";
import { capabilities as dataApi } from "./data-api/capabilities.ts";
import { capabilities as mysql } from "./mysql/capabilities.ts";
import { capabilities as pglite } from "./pglite/capabilities.ts";
import { capabilities as postgres } from "./postgres/capabilities.ts";
import { capabilities as sqlite } from "./sqlite/capabilities.ts";

/** What each engine can do, by its name: the docs' table. */
export const engineCapabilities: Readonly<Record<string, Capabilities>> = {
  postgres,
  pglite,
  "data-api": dataApi,
  mysql,
  sqlite,
};
