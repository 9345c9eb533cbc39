import { assertReadConditions } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import { type Exchange, type Operation, type S3Response, versionHeaders } from "./exchange.ts";
import { lockHeaders } from "./object-lock.ts";
import { parameter } from "./request.ts";
import type { Version } from "./store.ts";

interface Slice {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

/** One byte range; anything else that a Range header may say is ignored, as S3 does. */
function parseRange(header: string | undefined, bytes: number): Slice | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [first, last] = [match[1]!, match[2]!];
  const slice =
    first === ""
      ? { start: Math.max(0, bytes - Number(last)), end: bytes - 1 }
      : { start: Number(first), end: last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1) };
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (slice.start >= bytes || (first === "" && Number(last) === 0)) {
    throw new S3Error(
      "InvalidRange",
      "The requested range is not satisfiable",
      { RangeRequested: header ?? "", ActualObjectSize: String(bytes) },
      { "content-range": `bytes */${bytes}` },
    );
  }
  return slice;
}

function sliceOf(version: Version, { start, end }: Slice): Buffer[] {
  const slices: Buffer[] = [];
  let offset = 0;
  for (const chunk of version.body) {
    const from = Math.max(0, start - offset);
    const to = Math.min(chunk.byteLength, end + 1 - offset);
    if (from < to) slices.push(chunk.subarray(from, to));
    offset += chunk.byteLength;
  }
  return slices;
}

function respond(exchange: Exchange, withBody: boolean): S3Response {
  const { request, bucket, fields } = exchange;
  if (parameter(request, "partNumber") !== undefined) {
    throw new S3Error("NotImplemented", "Reads by part number are not implemented here");
  }
  const version = bucket.find(request.key, parameter(request, "versionId"));
  assertReadConditions(fields, version);
  const slice = parseRange(fields.get("range"), version.bytes);
  const { checksum } = version;
  const showsChecksum =
    checksum !== undefined && slice === undefined && fields.get("x-amz-checksum-mode") === "ENABLED";
  const headers: Record<string, string> = {
    "accept-ranges": "bytes",
    "content-type": version.contentType,
    "content-length": String(slice === undefined ? version.bytes : slice.end - slice.start + 1),
    etag: `"${version.etag}"`,
    "last-modified": version.modifiedAt.toUTCString(),
    ...versionHeaders(bucket, version.versionId),
    ...lockHeaders(version),
    ...Object.fromEntries([...version.metadata].map(([name, value]) => [`x-amz-meta-${name}`, value])),
    ...(version.contentEncoding === undefined ? {} : { "content-encoding": version.contentEncoding }),
    ...(slice === undefined ? {} : { "content-range": `bytes ${slice.start}-${slice.end}/${version.bytes}` }),
    ...(showsChecksum
      ? { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value, "x-amz-checksum-type": checksum.type }
      : {}),
  };
  const body = slice === undefined ? version.body : sliceOf(version, slice);
  return { status: slice === undefined ? 200 : 206, headers, ...(withBody ? { body } : {}) };
}

export const getObject: Operation = (exchange) => respond(exchange, true);
export const headObject: Operation = (exchange) => respond(exchange, false);
