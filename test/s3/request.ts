import type { IncomingMessage } from "node:http";
import { S3Error } from "./errors.ts";

/** One request as it came over the wire, before anything in it is believed. */
export interface S3Request {
  readonly method: string;
  /** Path as sent, still percent-encoded, without the query. */
  readonly rawPath: string;
  /** Query parameters in order, decoded. */
  readonly query: readonly (readonly [string, string])[];
  /** Lower-case names; repeated headers joined with a comma, as the signature sees them. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bucket: string;
  /** Decoded; empty for a request about the bucket. */
  readonly key: string;
}

export function parameter(request: S3Request, name: string): string | undefined {
  return request.query.find(([key]) => key === name)?.[1];
}

function headersOf(message: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index]!.toLowerCase();
    const value = message.rawHeaders[index + 1]!.trim().replace(/ +/g, " ");
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new S3Error("InvalidArgument", "The request URI is not valid percent-encoding");
  }
}

function queryOf(search: string): [string, string][] {
  if (search === "") return [];
  return search.split("&").map((pair) => {
    const at = pair.indexOf("=");
    const [name, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    return [decode(name.replaceAll("+", " ")), decode(value.replaceAll("+", " "))];
  });
}

/** Reads method, path, query and headers. A host name that begins with a bucket's name addresses that bucket (virtual-hosted style). */
export function readRequest(message: IncomingMessage, bucketNames: readonly string[]): S3Request {
  const url = message.url ?? "/";
  const at = url.indexOf("?");
  const rawPath = at < 0 ? url : url.slice(0, at);
  const headers = headersOf(message);
  const host = headers.get("host") ?? "";
  const hosted = bucketNames.find((name) => host.startsWith(`${name}.`));
  const path = decode(rawPath.slice(1));
  const slash = path.indexOf("/");
  const request = {
    method: message.method ?? "GET",
    rawPath,
    query: queryOf(at < 0 ? "" : url.slice(at + 1)),
    headers,
    bucket: hosted ?? (slash < 0 ? path : path.slice(0, slash)),
    key: hosted === undefined ? (slash < 0 ? "" : path.slice(slash + 1)) : path,
  };
  if (Buffer.byteLength(request.key) > 1024) throw new S3Error("KeyTooLongError", "Your key is too long");
  return request;
}

/** Headers that this server understands. It refuses the rest, so that no test passes on something nobody looked at. */
const KNOWN_AMZ =
  /^x-amz-(date|content-sha256|security-token|user-agent|decoded-content-length|trailer|sdk-checksum-algorithm|checksum-(algorithm|mode|type|crc32|crc32c|crc64nvme|sha1|sha256)|meta-.+|object-lock-(mode|retain-until-date|legal-hold)|bypass-governance-retention|mp-object-size|storage-class|expected-bucket-owner)$/;

export function refuseUnknownHeaders(request: S3Request): void {
  for (const name of request.headers.keys()) {
    if (name.startsWith("x-amz-") && !KNOWN_AMZ.test(name)) {
      throw new S3Error("NotImplemented", "A header you provided implies functionality that is not implemented", {
        Header: name,
      });
    }
  }
}
