import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { type Credentials, hmac, sha256Hex, signingKey, uriEncode } from "./sigv4.ts";

/** A request written by hand, right unless told otherwise: each option spoils one thing, as a faulty client would. */
export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Signed, unless named in `unsigned`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly unsigned?: readonly string[];
  readonly body?: string | Buffer;
  /** Value of `x-amz-content-sha256`; default the body's hash; null leaves the header out. */
  readonly payloadHash?: string | null;
  readonly credentials?: Credentials;
  readonly region?: string;
  readonly service?: string;
  readonly date?: Date;
  /** Date in the credential scope, `YYYYMMDD`. */
  readonly scopeDate?: string;
  /** Changes the finished signature. */
  readonly signature?: (right: string) => string;
  /** Puts the signature in the URL, valid for so many seconds. */
  readonly presign?: number;
  /** Sends no authentication at all. */
  readonly anonymous?: boolean;
  /** Frames the body: gets the seed signature and what else chunk signatures need. */
  readonly frame?: (seed: Seed) => Buffer;
}

interface Seed {
  readonly signature: string;
  readonly amzDate: string;
  readonly scope: string;
  readonly key: Buffer;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
  /** `<Code>` of an error document. */
  readonly code: string | undefined;
}

function amz(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, "");
}

/** Signs and sends. Written apart from the server's verification: only the primitives are shared, and AWS's examples check those. */
export async function send(endpoint: string, credentials: Credentials, options: RawRequest): Promise<RawResponse> {
  const owner = options.credentials ?? credentials;
  const body = Buffer.from(options.body ?? "");
  const amzDate = amz(options.date ?? new Date());
  const region = options.region ?? "us-east-1";
  const scopeDate = options.scopeDate ?? amzDate.slice(0, 8);
  const scope = `${scopeDate}/${region}/${options.service ?? "s3"}/aws4_request`;
  const presigned = options.presign !== undefined;
  const payloadHash =
    options.payloadHash === undefined ? (presigned ? "UNSIGNED-PAYLOAD" : sha256Hex(body)) : options.payloadHash;
  const host = new URL(endpoint).host;
  const headers: Record<string, string> = { host, ...options.headers };
  if (!presigned && !options.anonymous) {
    headers["x-amz-date"] = amzDate;
    if (payloadHash !== null) headers["x-amz-content-sha256"] = payloadHash;
    if (owner.sessionToken !== undefined) headers["x-amz-security-token"] = owner.sessionToken;
  }
  const signedNames = Object.keys(headers)
    .filter((name) => !options.unsigned?.includes(name))
    .sort();
  const query: Record<string, string> = { ...options.query };
  if (presigned) {
    query["X-Amz-Algorithm"] = "AWS4-HMAC-SHA256";
    query["X-Amz-Credential"] = `${owner.accessKeyId}/${scope}`;
    query["X-Amz-Date"] = amzDate;
    query["X-Amz-Expires"] = String(options.presign);
    query["X-Amz-SignedHeaders"] = signedNames.join(";");
  }
  const canonicalQuery = Object.entries(query)
    .map(([name, value]) => `${uriEncode(name, false)}=${uriEncode(value, false)}`)
    .sort()
    .join("&");
  const path = uriEncode(options.path, true);
  const canonical = [
    options.method ?? "GET",
    path,
    canonicalQuery,
    ...signedNames.map((name) => `${name}:${headers[name]}`),
    "",
    signedNames.join(";"),
    payloadHash ?? "UNSIGNED-PAYLOAD",
  ].join("\n");
  const key = signingKey(owner.secretAccessKey, scopeDate, region);
  const right = hmac(key, `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${sha256Hex(canonical)}`).toString("hex");
  const signature = options.signature?.(right) ?? right;
  const search = presigned ? `${canonicalQuery}&X-Amz-Signature=${signature}` : canonicalQuery;
  if (!presigned && !options.anonymous) {
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${owner.accessKeyId}/${scope}, SignedHeaders=${signedNames.join(";")}, Signature=${signature}`;
  }
  const payload = options.frame?.({ signature: right, amzDate, scope, key }) ?? body;
  return await exchange(
    endpoint,
    options.method ?? "GET",
    search === "" ? path : `${path}?${search}`,
    headers,
    payload,
  );
}

/** Sends exactly these headers and bytes. */
export async function exchange(
  endpoint: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  payload: Buffer,
): Promise<RawResponse> {
  const { hostname, port } = new URL(endpoint);
  return await new Promise((resolve, reject) => {
    const sized = method === "PUT" || method === "POST" || payload.byteLength > 0;
    const needsLength = sized && headers["transfer-encoding"] === undefined && headers["content-length"] === undefined;
    const out = httpRequest({
      hostname,
      port,
      method,
      path,
      agent: false,
      headers: { ...headers, ...(needsLength ? { "content-length": payload.byteLength } : {}) },
    });
    out.on("error", reject);
    out.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        const code = /<Code>([^<]+)<\/Code>/.exec(body)?.[1];
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, code });
      });
    });
    out.end(payload);
  });
}

export function base64(algorithm: "md5" | "sha1" | "sha256", data: string | Buffer): string {
  return createHash(algorithm).update(data).digest("base64");
}
