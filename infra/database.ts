import { createNetwork } from "./network.ts";
import type { Settings } from "./settings.ts";

/** Where the functions find the database: a link named `DatabaseUrl`, and the network they must be in to reach it. */
export interface Database {
  readonly link: sst.Secret | sst.Linkable<{ value: $util.Output<string> }>;
  readonly vpc: sst.aws.FunctionArgs["vpc"];
}

/** The database that exists (its URL is a secret), or an Aurora PostgreSQL of this stack. */
export function createDatabase(settings: Settings): Database {
  return settings.database === "aurora"
    ? createAurora(settings)
    : { link: new sst.Secret("DatabaseUrl"), vpc: settings.network };
}

function createAurora(settings: Settings): Database {
  const network = createNetwork(settings);
  const aurora = new sst.aws.Aurora("Database", {
    engine: "postgres",
    vpc: network,
    dataApi: true,
    // At 0 the cluster pauses when idle and takes some 15 s to resume: fine for a trial, not for a rollback at two in the morning.
    scaling: { min: settings.production ? "0.5 ACU" : "0 ACU", max: "8 ACU" },
    transform: {
      cluster: (args, options) => {
        args.deletionProtection = settings.production;
        args.backupRetentionPeriod = 35;
        args.copyTagsToSnapshot = true;
        // The component's default is to delete without one. The VPC's id keeps the name free for a stage deployed again.
        args.skipFinalSnapshot = false;
        args.finalSnapshotIdentifier = $interpolate`${$app.name}-${$app.stage}-final-${network.id}`;
        // The component's default would let a deploy cross a major version, which no snapshot restore takes back in place.
        args.allowMajorVersionUpgrade = false;
        args.enabledCloudwatchLogsExports = ["postgresql"];
        options.protect = settings.production;
      },
    },
  });
  const { username, password, host, port, database } = aurora;
  const value = $interpolate`postgres://${username}:${password}@${host}:${port}/${database}?sslmode=verify-full`;
  return { link: new sst.Linkable("DatabaseUrl", { properties: { value } }), vpc: network };
}
