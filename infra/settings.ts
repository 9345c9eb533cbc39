/** What the person who deploys chooses, read from the environment of `sst deploy`. */
export interface Settings {
  readonly production: boolean;
  /** `external`: the database that exists already, through the secret `DatabaseUrl`. `aurora`: one that this stack owns. */
  readonly database: "external" | "aurora";
  /** Where the functions run when the external database has no public address. */
  readonly network: { readonly privateSubnets: string[]; readonly securityGroups: string[] } | undefined;
  /** Receives every alarm. Without it the topic is there, with nobody subscribed. */
  readonly alarmEmail: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `RUNBACK_DATABASE`, `RUNBACK_SUBNETS`, `RUNBACK_SECURITY_GROUPS` (comma-separated ids) and `RUNBACK_ALARM_EMAIL`.
 *
 * @throws Error naming the variable and the values it takes: a misspelling must not deploy another database
 */
export function readSettings(stage: string, environment: Environment): Settings {
  const database = environment.RUNBACK_DATABASE || "external";
  if (database !== "external" && database !== "aurora") {
    throw new Error(`RUNBACK_DATABASE is ${JSON.stringify(database)}: set it to external or aurora`);
  }
  const privateSubnets = list(environment.RUNBACK_SUBNETS);
  const securityGroups = list(environment.RUNBACK_SECURITY_GROUPS);
  if ((privateSubnets.length === 0) !== (securityGroups.length === 0)) {
    throw new Error("RUNBACK_SUBNETS and RUNBACK_SECURITY_GROUPS go together: set both or neither");
  }
  if (database === "aurora" && privateSubnets.length > 0) {
    throw new Error(
      "RUNBACK_SUBNETS is for an external database: with RUNBACK_DATABASE=aurora the stack has its own VPC",
    );
  }
  return {
    production: stage === "production",
    database,
    network: privateSubnets.length === 0 ? undefined : { privateSubnets, securityGroups },
    alarmEmail: environment.RUNBACK_ALARM_EMAIL || undefined,
  };
}

function list(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
