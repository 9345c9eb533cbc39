import { urlInvalid } from "./errors.ts";
import { isKey } from "./key.ts";

/** Where an S3 vault is: what its URL says, checked. */
export interface S3Location {
  readonly bucket: string;
  /** Empty, or ends in a slash. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly forcePathStyle?: boolean;
  /** Bytes of one part of a multipart upload. */
  readonly partBytes?: number;
}

/** S3 refuses smaller parts, except the last. */
export const MIN_PART_BYTES = 5 * 1024 * 1024;
const PARAMETERS = new Set(["endpoint", "region", "forcePathStyle", "partBytes"]);

/** Bucket names that can stand in a host name and in a path; wider than today's AWS rule, for older buckets and other stores. */
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i;

function endpointOf(value: string): string {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw urlInvalid("endpoint is not a URL");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw urlInvalid("endpoint is neither http nor https");
  if (url.username !== "" || url.password !== "") throw urlInvalid("endpoint contains credentials");
  return value;
}

function prefixOf(pathname: string): string {
  let path: string;
  try {
    path = decodeURIComponent(pathname.replace(/^\//, "").replace(/\/$/, ""));
  } catch {
    throw urlInvalid("the prefix is not valid percent-encoding");
  }
  if (path === "") return "";
  if (!isKey(path)) throw urlInvalid("the prefix is not a relative path of plain segments");
  return `${path}/`;
}

/**
 * Reads `s3://<bucket>/<prefix>?endpoint=…&region=…&forcePathStyle=true&partBytes=…`. Anything it does not know is refused:
 * a misspelled parameter would otherwise send backups to another place.
 *
 * @throws RunbackError `VAULT_URL_INVALID`, never repeating the URL, which may hold a secret
 */
export function parseS3Url(url: URL): S3Location {
  if (url.username !== "" || url.password !== "") throw urlInvalid("it contains credentials");
  if (url.hash !== "") throw urlInvalid("it has a fragment (write # in a prefix as %23)");
  if (!BUCKET.test(url.host)) throw urlInvalid("the bucket name is not valid");
  for (const name of url.searchParams.keys()) {
    if (!PARAMETERS.has(name)) throw urlInvalid(`it has an unknown parameter ${JSON.stringify(name)}`);
    if (url.searchParams.getAll(name).length > 1) throw urlInvalid(`parameter ${name} is given twice`);
  }
  const endpoint = url.searchParams.get("endpoint");
  const region = url.searchParams.get("region");
  const pathStyle = url.searchParams.get("forcePathStyle");
  const partBytes = url.searchParams.get("partBytes");
  if (pathStyle !== null && pathStyle !== "true" && pathStyle !== "false") {
    throw urlInvalid("forcePathStyle is neither true nor false");
  }
  if (region !== null && !/^[a-z0-9-]+$/i.test(region)) throw urlInvalid("the region is not valid");
  if (partBytes !== null && !(Number.isSafeInteger(Number(partBytes)) && Number(partBytes) >= MIN_PART_BYTES)) {
    throw urlInvalid(`partBytes is not a whole number ≥ ${MIN_PART_BYTES}`);
  }
  return {
    bucket: url.host,
    prefix: prefixOf(url.pathname),
    ...(endpoint === null ? {} : { endpoint: endpointOf(endpoint) }),
    ...(region === null ? {} : { region }),
    ...(pathStyle === null ? {} : { forcePathStyle: pathStyle === "true" }),
    ...(partBytes === null ? {} : { partBytes: Number(partBytes) }),
  };
}
