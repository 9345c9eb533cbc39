import { assertWriteConditions } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import { type Exchange, type Operation, versionHeaders } from "./exchange.ts";
import { assertLockedBodyIsChecked, requestedLock } from "./object-lock.ts";
import { md5Hex, type Version } from "./store.ts";

const MAX_METADATA_BYTES = 2048;
/** Accepted and not kept: every object here is as near as memory. */
const STORAGE_CLASSES = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
];

/** Content type, encoding, metadata and lock of an object to be. */
export function templateOf(
  exchange: Exchange,
): Pick<Version, "contentType" | "contentEncoding" | "metadata" | "retention" | "legalHold"> {
  if (!STORAGE_CLASSES.includes(exchange.fields.get("x-amz-storage-class") ?? "STANDARD")) {
    throw new S3Error("InvalidStorageClass", "The storage class you specified is not valid");
  }
  const metadata = new Map<string, string>();
  let bytes = 0;
  for (const [name, value] of exchange.request.headers) {
    if (!name.startsWith("x-amz-meta-")) continue;
    metadata.set(name.slice("x-amz-meta-".length), value);
    bytes += Buffer.byteLength(name) - "x-amz-meta-".length + Buffer.byteLength(value);
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw new S3Error("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", {
      Size: String(bytes),
      MaxSizeAllowed: String(MAX_METADATA_BYTES),
    });
  }
  const encoding = (exchange.fields.get("content-encoding") ?? "")
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "aws-chunked")
    .join(",");
  return {
    contentType: exchange.fields.get("content-type") ?? "binary/octet-stream",
    contentEncoding: encoding === "" ? undefined : encoding,
    metadata,
    ...requestedLock(exchange),
  };
}

export const putObject: Operation = (exchange) => {
  const { bucket, request, body, checksum, now } = exchange;
  assertLockedBodyIsChecked(exchange);
  const template = templateOf(exchange);
  assertWriteConditions(exchange.fields, bucket, request.key);
  const etag = md5Hex([body]);
  const version = bucket.add({
    ...template,
    key: request.key,
    deleteMarker: false,
    body: [body],
    bytes: body.byteLength,
    etag,
    modifiedAt: now,
    checksum,
  });
  return {
    status: 200,
    headers: {
      etag: `"${etag}"`,
      ...versionHeaders(bucket, version.versionId),
      ...(checksum === undefined
        ? {}
        : { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value, "x-amz-checksum-type": checksum.type }),
    },
  };
};
