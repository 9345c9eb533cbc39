import { S3Error } from "./errors.ts";
import type { Bucket, Version } from "./store.ts";

function listed(header: string, etag: string): boolean {
  return header.split(",").some((candidate) => {
    const bare = candidate.trim().replace(/^W\//, "").replace(/^"|"$/g, "");
    return bare === "*" || bare === etag;
  });
}

function failed(condition: string): S3Error {
  return new S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    Condition: condition,
  });
}

/** `If-None-Match: *` and `If-Match` of a write, judged at the moment the write happens. */
export function assertWriteConditions(fields: ReadonlyMap<string, string>, bucket: Bucket, key: string): void {
  const noneMatch = fields.get("if-none-match");
  const match = fields.get("if-match");
  if ((noneMatch !== undefined && noneMatch !== "*") || (noneMatch !== undefined && match !== undefined)) {
    throw new S3Error("NotImplemented", "A header you provided implies functionality that is not implemented", {
      Header: "If-None-Match",
    });
  }
  const current = bucket.current(key);
  if (noneMatch === "*" && current !== undefined) throw failed("If-None-Match");
  if (match === undefined) return;
  if (current === undefined) throw new S3Error("NoSuchKey", "The specified key does not exist.", { Key: key });
  if (!listed(match, current.etag)) throw failed("If-Match");
}

/** The four conditions of a read, in the order of RFC 9110 §13.2.2. */
export function assertReadConditions(fields: ReadonlyMap<string, string>, version: Version): void {
  const match = fields.get("if-match");
  const unmodified = fields.get("if-unmodified-since");
  const noneMatch = fields.get("if-none-match");
  const modified = fields.get("if-modified-since");
  const seconds = Math.floor(version.modifiedAt.getTime() / 1000) * 1000;
  if (match !== undefined) {
    if (!listed(match, version.etag)) throw failed("If-Match");
  } else if (unmodified !== undefined && seconds > Date.parse(unmodified)) {
    throw failed("If-Unmodified-Since");
  }
  const notModified = () => new S3Error("NotModified", "Not Modified", {}, { etag: `"${version.etag}"` });
  if (noneMatch !== undefined) {
    if (listed(noneMatch, version.etag)) throw notModified();
  } else if (modified !== undefined && seconds <= Date.parse(modified)) {
    throw notModified();
  }
}
