import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A request whose signature holds. */
export interface Signed {
  /** `x-amz-content-sha256`, or what stands for it in a presigned URL. */
  readonly payloadHash: string;
  readonly signature: string;
  readonly signingKey: Buffer;
  readonly scope: string;
  /** `20260101T000000Z`, as signed. */
  readonly amzDate: string;
}

const SKEW_MS = 15 * 60 * 1000;
const MAX_EXPIRES_S = 7 * 24 * 3600;

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

export function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

/** RFC 3986 encoding as SigV4 wants it: only unreserved characters stay. */
export function uriEncode(value: string, keepSlash: boolean): string {
  const encoded = encodeURIComponent(value).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return keepSlash ? encoded.replaceAll("%2F", "/") : encoded;
}

export function signingKey(secret: string, date: string, region: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), "s3"), "aws4_request");
}

function canonicalRequest(request: S3Request, signedHeaders: readonly string[], payloadHash: string): string {
  const query = request.query
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [uriEncode(name, false), uriEncode(value, false)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const headers = signedHeaders.map((name) => `${name}:${request.headers.get(name) ?? ""}\n`).join("");
  const path = uriEncode(decodeURIComponent(request.rawPath), true);
  return [request.method, path, query, headers, signedHeaders.join(";"), payloadHash].join("\n");
}

function parseAmzDate(value: string | undefined): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value ?? "");
  if (match === null) {
    throw new S3Error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header");
  }
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, second);
}

interface Claim {
  readonly malformed: "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError";
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly amzDate: string;
  readonly payloadHash: string;
  readonly token: string | undefined;
}

function headerClaim(request: S3Request, authorization: string, now: number): Claim {
  const malformed = "AuthorizationHeaderMalformed";
  const match = /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/.exec(
    authorization,
  );
  if (match === null) throw new S3Error(malformed, "The authorization header is malformed");
  const payloadHash = request.headers.get("x-amz-content-sha256");
  if (payloadHash === undefined) {
    throw new S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  const amzDate = request.headers.get("x-amz-date") ?? "";
  if (Math.abs(parseAmzDate(amzDate) - now) > SKEW_MS) {
    throw new S3Error(
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
      { RequestTime: amzDate, ServerTime: new Date(now).toISOString(), MaxAllowedSkewMilliseconds: String(SKEW_MS) },
    );
  }
  return {
    malformed,
    credential: match[1]!,
    signedHeaders: match[2]!.split(";"),
    signature: match[3]!,
    amzDate,
    payloadHash,
    token: request.headers.get("x-amz-security-token"),
  };
}

function queryClaim(request: S3Request, now: number): Claim {
  const malformed = "AuthorizationQueryParametersError";
  const given = new Map(request.query);
  const need = (name: string): string => {
    const value = given.get(name);
    if (value === undefined || value === "") {
      throw new S3Error(
        malformed,
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
      );
    }
    return value;
  };
  if (need("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256") {
    throw new S3Error(malformed, 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"');
  }
  const expires = Number(need("X-Amz-Expires"));
  if (!Number.isInteger(expires) || expires < 0) throw new S3Error(malformed, "X-Amz-Expires should be a number");
  if (expires > MAX_EXPIRES_S) {
    throw new S3Error(
      malformed,
      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
    );
  }
  const amzDate = need("X-Amz-Date");
  const from = parseAmzDate(amzDate);
  if (from - now > SKEW_MS) throw new S3Error("AccessDenied", "Request is not valid yet");
  if (now > from + expires * 1000) throw new S3Error("AccessDenied", "Request has expired");
  return {
    malformed,
    credential: need("X-Amz-Credential"),
    signedHeaders: need("X-Amz-SignedHeaders").split(";"),
    signature: need("X-Amz-Signature"),
    amzDate,
    payloadHash: request.headers.get("x-amz-content-sha256") ?? given.get("X-Amz-Content-Sha256") ?? "UNSIGNED-PAYLOAD",
    token: given.get("X-Amz-Security-Token"),
  };
}

function claimOf(request: S3Request, now: number): Claim {
  const authorization = request.headers.get("authorization");
  const presigned = request.query.some(([name]) => /^X-Amz-(Algorithm|Signature|Credential)$/.test(name));
  if (authorization !== undefined && presigned) {
    throw new S3Error(
      "InvalidArgument",
      "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
    );
  }
  if (presigned) return queryClaim(request, now);
  if (authorization === undefined) throw new S3Error("AccessDenied", "Access Denied");
  return headerClaim(request, authorization, now);
}

/**
 * Checks who signed a request, for which day, region and service, over which headers, and whether the signature holds.
 *
 * @param now milliseconds since 1970
 * @throws S3Error as AWS answers
 */
export function authenticate(request: S3Request, known: readonly Credentials[], region: string, now: number): Signed {
  const claim = claimOf(request, now);
  const [accessKeyId, date, scopeRegion, service, terminator, ...more] = claim.credential.split("/");
  if (more.length > 0 || terminator !== "aws4_request" || service !== "s3") {
    throw new S3Error(
      claim.malformed,
      'The Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  if (scopeRegion !== region) {
    throw new S3Error(claim.malformed, `The region '${scopeRegion}' is wrong; expecting '${region}'`, {
      Region: region,
    });
  }
  if (date !== claim.amzDate.slice(0, 8)) {
    throw new S3Error(
      claim.malformed,
      `Invalid credential date "${date}". This date is not the same as X-Amz-Date: "${claim.amzDate.slice(0, 8)}".`,
    );
  }
  const owner = known.find((credentials) => credentials.accessKeyId === accessKeyId);
  if (owner === undefined) {
    throw new S3Error("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", {
      AWSAccessKeyId: accessKeyId ?? "",
    });
  }
  if (claim.token !== owner.sessionToken) {
    throw new S3Error("InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  const unsigned = [...request.headers.keys()].filter(
    (name) => (name === "host" || name.startsWith("x-amz-")) && !claim.signedHeaders.includes(name),
  );
  if (unsigned.length > 0 || !claim.signedHeaders.includes("host")) {
    throw new S3Error("AccessDenied", "There were headers present in the request which were not signed", {
      HeadersNotSigned: unsigned.join(", "),
    });
  }
  const scope = `${date}/${region}/s3/aws4_request`;
  const key = signingKey(owner.secretAccessKey, date, region);
  const canonical = canonicalRequest(request, claim.signedHeaders, claim.payloadHash);
  const toSign = `AWS4-HMAC-SHA256\n${claim.amzDate}\n${scope}\n${sha256Hex(canonical)}`;
  const expected = hmac(key, toSign);
  const given = Buffer.from(claim.signature, "hex");
  if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) {
    throw new S3Error(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      { StringToSign: toSign, CanonicalRequest: canonical },
    );
  }
  return { payloadHash: claim.payloadHash, signature: claim.signature, signingKey: key, scope, amzDate: claim.amzDate };
}
