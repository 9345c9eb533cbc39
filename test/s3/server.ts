import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { verifyChecksums } from "./checksums.ts";
import { S3Error } from "./errors.ts";
import type { S3Response } from "./exchange.ts";
import { type Fault, Faults } from "./faults.ts";
import { readPayload } from "./payload.ts";
import { readRequest, refuseUnknownHeaders, type S3Request } from "./request.ts";
import { routeOf } from "./route.ts";
import { authenticate, type Credentials } from "./sigv4.ts";
import { Bucket, type BucketOptions } from "./store.ts";

export interface S3ServerOptions {
  readonly buckets: readonly BucketOptions[];
  readonly credentials: Credentials | readonly Credentials[];
  /** Default `us-east-1`. */
  readonly region?: string;
  /** The server's clock: expiry and retention without waiting. Default the system's. */
  readonly now?: () => Date;
  /** Default: any free one. */
  readonly port?: number;
}

export interface S3Server {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  readonly region: string;
  readonly faults: Faults;
  /** What is stored, for tests that look behind the API. */
  bucket(name: string): Bucket;
  /** Ends every connection, hanging ones too. */
  close(): Promise<void>;
}

const MAX_BODY = 5 * 1024 ** 3;

async function readBody(message: IncomingMessage, request: S3Request): Promise<Buffer> {
  const length = request.headers.get("content-length");
  const chunked = request.headers.has("transfer-encoding");
  if (chunked && !request.headers.has("x-amz-decoded-content-length")) {
    throw new S3Error("NotImplemented", "A header you provided implies functionality that is not implemented", {
      Header: "Transfer-Encoding",
    });
  }
  if (request.method === "PUT" && length === undefined && !chunked) {
    throw new S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  if (Number(length ?? 0) > MAX_BODY) {
    throw new S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
  }
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function bodyOf(response: S3Response): readonly Uint8Array[] {
  if (response.body === undefined) return [];
  return typeof response.body === "string" ? [Buffer.from(response.body)] : response.body;
}

/** What a fault makes of an answer that would have been right. */
function spoil(fault: Fault | undefined, response: S3Response): S3Response {
  if (fault?.kind !== "shorten" && fault?.kind !== "flip") return response;
  const whole = Buffer.concat(bodyOf(response));
  if (fault.kind === "flip") whole[fault.at]! ^= 0xff;
  const body = fault.kind === "flip" ? whole : whole.subarray(0, fault.bytes);
  return { ...response, body: [body], headers: { ...response.headers, "content-length": String(body.byteLength) } };
}

function send(out: ServerResponse, response: S3Response, fault: Fault | undefined): void {
  const { status, headers } = spoil(fault, response);
  const chunks = bodyOf(spoil(fault, response));
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const isXml = typeof response.body === "string";
  out.writeHead(status, {
    ...(status === 204 || status === 304 ? {} : { "content-length": bytes }),
    ...(isXml ? { "content-type": "application/xml" } : {}),
    ...headers,
  });
  if (fault?.kind === "truncate" || fault?.kind === "stall") {
    out.write(Buffer.concat(chunks).subarray(0, fault.bytes), () => {
      if (fault.kind === "truncate") out.socket?.destroySoon();
    });
    return;
  }
  for (const chunk of chunks) out.write(chunk);
  out.end();
}

class Server {
  readonly faults = new Faults();
  readonly buckets: ReadonlyMap<string, Bucket>;
  readonly region: string;
  readonly #credentials: readonly Credentials[];
  readonly #now: () => Date;

  constructor(options: S3ServerOptions) {
    this.buckets = new Map(options.buckets.map((bucket) => [bucket.name, new Bucket(bucket)]));
    this.region = options.region ?? "us-east-1";
    this.#credentials = "accessKeyId" in options.credentials ? [options.credentials] : options.credentials;
    this.#now = options.now ?? (() => new Date());
  }

  async handle(message: IncomingMessage, out: ServerResponse): Promise<void> {
    const requestId = randomBytes(8).toString("hex").toUpperCase();
    out.setHeader("x-amz-request-id", requestId);
    out.setHeader("date", this.#now().toUTCString());
    try {
      await this.#answer(message, out);
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      const hasBody = message.method !== "HEAD" && error.status !== 304;
      // A body that was not read would be taken for the next request.
      const headers = message.complete ? error.headers : { ...error.headers, connection: "close" };
      const resource = (message.url ?? "/").split("?")[0]!;
      send(
        out,
        { status: error.status, headers, ...(hasBody ? { body: error.toXml(resource, requestId) } : {}) },
        undefined,
      );
    }
  }

  async #answer(message: IncomingMessage, out: ServerResponse): Promise<void> {
    const request = readRequest(message, [...this.buckets.keys()]);
    const [name, operation] = routeOf(request);
    const raw = await readBody(message, request);
    const fault = this.faults.take(name, request.key);
    if (fault !== undefined && "when" in fault && fault.when === "after") {
      this.#perform(request, operation, raw);
      return fail(fault, out);
    }
    if (fault?.kind === "status" || fault?.kind === "hang" || fault?.kind === "reset") return fail(fault, out);
    send(out, this.#perform(request, operation, raw), fault);
  }

  #perform(request: S3Request, operation: ReturnType<typeof routeOf>[1], raw: Buffer): S3Response {
    const now = this.#now();
    const signed = authenticate(request, this.#credentials, this.region, now.getTime());
    refuseUnknownHeaders(request);
    const { body, fields } = readPayload(request, signed, raw);
    const bucket = this.buckets.get(request.bucket);
    if (bucket === undefined) {
      throw new S3Error("NoSuchBucket", "The specified bucket does not exist", { BucketName: request.bucket });
    }
    const completes = request.method === "POST" && request.query.some(([name]) => name === "uploadId");
    // On completion the checksum header is of the object, not of the request's body.
    const checksum = completes ? undefined : verifyChecksums(fields, [body]);
    return operation({ request, bucket, body, fields, checksum, now });
  }
}

function fail(fault: Fault, out: ServerResponse): void {
  if (fault.kind === "reset") out.socket?.resetAndDestroy();
  if (fault.kind !== "status") return;
  const document =
    fault.code === undefined ? "" : `<Error><Code>${fault.code}</Code><Message>Injected</Message></Error>`;
  send(out, { status: fault.status, body: document }, undefined);
}

/**
 * Starts a strict S3 server on 127.0.0.1, in memory: it checks signatures, payloads, checksums, conditions and locks as AWS does and
 * answers what it does not know with `NotImplemented`, so that nothing passes here that AWS would reject.
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const server = new Server(options);
  const http = createServer({ keepAliveTimeout: 60_000 }, (message, out) => {
    server.handle(message, out).catch((error: unknown) => {
      // The client went away in the middle, or this server has a defect; both end the connection, and a defect is told.
      if (!message.destroyed || message.complete) process.stderr.write(`s3 test server: ${String(error)}\n`);
      out.destroy();
    });
  });
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: server.region,
    faults: server.faults,
    bucket(name) {
      const bucket = server.buckets.get(name);
      if (bucket === undefined) throw new Error(`no bucket ${name}`);
      return bucket;
    },
    async close() {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeAllConnections();
      await closed;
    },
  };
}
