import { S3Error } from "./errors.ts";
import type { Exchange, Operation } from "./exchange.ts";
import { parameter } from "./request.ts";
import { uriEncode } from "./sigv4.ts";
import { byBytes } from "./store.ts";
import { type Element, element, text, toXml } from "./xml.ts";

const MAX_KEYS = 1000;

/** Continuation tokens are opaque: what they hold is the last name of the page, marked as ours. */
function encodeToken(last: string): string {
  return Buffer.from(`next:${last}`).toString("base64");
}

function decodeToken(token: string): string {
  const decoded = Buffer.from(token, "base64");
  const value = decoded.toString("utf8");
  if (!value.startsWith("next:") || decoded.toString("base64") !== token) {
    throw new S3Error("InvalidArgument", "The continuation token provided is incorrect", {
      ArgumentName: "continuation-token",
    });
  }
  return value.slice("next:".length);
}

interface Listing {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxKeys: number;
  readonly url: boolean;
}

function readListing({ request }: Exchange): Listing {
  const maxKeys = parameter(request, "max-keys") ?? String(MAX_KEYS);
  if (!/^\d{1,9}$/.test(maxKeys)) {
    throw new S3Error("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647", {
      ArgumentName: "maxKeys",
      ArgumentValue: maxKeys,
    });
  }
  const encoding = parameter(request, "encoding-type");
  if (encoding !== undefined && encoding !== "url") {
    throw new S3Error("InvalidArgument", "Invalid Encoding Method specified in Request", {
      ArgumentName: "encoding-type",
    });
  }
  return {
    prefix: parameter(request, "prefix") ?? "",
    delimiter: parameter(request, "delimiter") ?? "",
    maxKeys: Math.min(MAX_KEYS, Number(maxKeys)),
    url: encoding === "url",
  };
}

/** The common prefix a key is rolled up into, if any. */
function rolledUp(key: string, { prefix, delimiter }: Listing): string | undefined {
  const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

export const listObjectsV2: Operation = (exchange) => {
  const { bucket, request } = exchange;
  const listing = readListing(exchange);
  const name = (value: string) => (listing.url ? uriEncode(value, true).replaceAll("%20", "+") : value);
  const token = parameter(request, "continuation-token");
  const startAfter = parameter(request, "start-after");
  const after = token === undefined ? startAfter : decodeToken(token);
  const rows: Element[] = [];
  const prefixes: Element[] = [];
  let last = after;
  let truncated = false;
  for (const key of bucket.keys()) {
    if (!key.startsWith(listing.prefix)) continue;
    const group = rolledUp(key, listing);
    const entry = group ?? key;
    if (last !== undefined && (byBytes(entry, last) <= 0 || byBytes(key, last) <= 0)) continue;
    const version = bucket.current(key);
    if (version === undefined) continue;
    if (rows.length + prefixes.length === listing.maxKeys) {
      truncated = listing.maxKeys > 0;
      break;
    }
    last = entry;
    if (group !== undefined) prefixes.push(element("CommonPrefixes", [text("Prefix", name(group))]));
    else {
      rows.push(
        element("Contents", [
          text("Key", name(key)),
          text("LastModified", version.modifiedAt.toISOString()),
          text("ETag", `"${version.etag}"`),
          ...(version.checksum === undefined
            ? []
            : [
                text("ChecksumAlgorithm", version.checksum.algorithm.toUpperCase()),
                text("ChecksumType", version.checksum.type),
              ]),
          text("Size", version.bytes),
          text("StorageClass", "STANDARD"),
        ]),
      );
    }
  }
  const document = element("ListBucketResult", [
    text("Name", bucket.name),
    text("Prefix", name(listing.prefix)),
    ...(listing.delimiter === "" ? [] : [text("Delimiter", name(listing.delimiter))]),
    text("MaxKeys", listing.maxKeys),
    ...(listing.url ? [text("EncodingType", "url")] : []),
    text("KeyCount", rows.length + prefixes.length),
    text("IsTruncated", truncated),
    ...(token === undefined ? [] : [text("ContinuationToken", token)]),
    ...(truncated && last !== undefined ? [text("NextContinuationToken", encodeToken(last))] : []),
    ...(startAfter === undefined ? [] : [text("StartAfter", name(startAfter))]),
    ...rows,
    ...prefixes,
  ]);
  return { status: 200, body: toXml(document) };
};

/** Every version and delete marker, newest first within a key; unpaged, for tests that look behind the current ones. */
export const listObjectVersions: Operation = ({ bucket, request }) => {
  const prefix = parameter(request, "prefix") ?? "";
  if (parameter(request, "delimiter") || parameter(request, "key-marker")) {
    throw new S3Error("NotImplemented", "Paged or rolled-up version listings are not implemented here");
  }
  const rows = bucket
    .keys()
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) =>
      bucket
        .versionsOf(key)
        .toReversed()
        .map((version, index) =>
          element(version.deleteMarker ? "DeleteMarker" : "Version", [
            text("Key", version.key),
            text("VersionId", version.versionId),
            text("IsLatest", index === 0),
            text("LastModified", version.modifiedAt.toISOString()),
            ...(version.deleteMarker ? [] : [text("ETag", `"${version.etag}"`), text("Size", version.bytes)]),
          ]),
        ),
    );
  if (rows.length > MAX_KEYS)
    throw new S3Error("NotImplemented", "Version listings of over 1000 rows are not implemented here");
  return {
    status: 200,
    body: toXml(
      element("ListVersionsResult", [
        text("Name", bucket.name),
        text("Prefix", prefix),
        text("IsTruncated", false),
        ...rows,
      ]),
    ),
  };
};
