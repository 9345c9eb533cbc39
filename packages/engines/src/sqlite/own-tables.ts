import { alerts } from "./own-tables/alerts.ts";
import { api } from "./own-tables/api.ts";
import { auditTrail } from "./own-tables/audit-trail.ts";
import { cutovers } from "./own-tables/cutovers.ts";
import { imagesOfOneColumn } from "./own-tables/images-of-one-column.ts";
import { journal } from "./own-tables/journal.ts";
import { metricsOfCutovers } from "./own-tables/metrics-of-cutovers.ts";
import type { OwnChange } from "./own-tables/own-change.ts";
import { runsAndLeases } from "./own-tables/runs-and-leases.ts";

/** Runback's own tables, as numbered changes in their order: a file each. */
export const ownChanges: readonly OwnChange[] = [
  runsAndLeases,
  journal,
  auditTrail,
  api,
  alerts,
  cutovers,
  imagesOfOneColumn,
  metricsOfCutovers,
];
