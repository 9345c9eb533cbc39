import { RunbackError } from "@runback/core";

/** Where a Data API target is, and as whom it is reached. Holds no secret, only the name of one. */
export interface Address {
  readonly cluster: string;
  readonly secret: string;
  readonly database: string;
  readonly region: string;
  /** Another endpoint than the region's own. */
  readonly endpoint?: string;
}

const example =
  "data-api://arn:aws:rds:eu-west-1:123456789012:cluster:shop?secret=arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf&database=shop";
const known = new Set(["secret", "database", "region", "endpoint"]);

/** `data-api://<cluster-arn>?secret=<arn>&database=<name>[&region=…][&endpoint=…]`. @throws `TARGET_URL_INVALID` */
export function parseAddress(url: string): Address {
  // By hand: the colons of an ARN are no port to URL.
  const mark = url.indexOf("?");
  const cluster = decodeURIComponent(url.slice("data-api://".length, mark < 0 ? undefined : mark));
  const parameters = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  const arn = /^arn:[a-z-]+:rds:([a-z0-9-]+):\d{12}:cluster:[A-Za-z0-9._-]+$/.exec(cluster);
  if (arn === null) throw invalid("it does not begin with the ARN of a cluster");
  const unknown = [...parameters.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) throw invalid(`it has an unknown option (${unknown.replaceAll(/[^\w-]/g, "?")})`);
  const secret = parameters.get("secret");
  const database = parameters.get("database");
  const endpoint = parameters.get("endpoint");
  if (!secret?.startsWith("arn:")) throw invalid("it has no secret=<ARN of the secret with user and password>");
  if (!database) throw invalid("it has no database=<name>");
  if (endpoint !== null && !URL.canParse(endpoint)) throw invalid("its endpoint is no URL");
  return {
    cluster,
    secret,
    database,
    region: parameters.get("region") ?? arn[1]!,
    ...(endpoint === null ? {} : { endpoint }),
  };
}

/** The address for messages and reports: what a person needs to find the database, without the secret's name. */
export function locationOf({ cluster, database }: Address): string {
  return `data-api://${cluster}?database=${encodeURIComponent(database)}`;
}

function invalid(why: string): RunbackError {
  return new RunbackError("TARGET_URL_INVALID", `The address of the Data API target is not valid: ${why}.`, {
    recovery: `Write it as ${example}`,
  });
}
