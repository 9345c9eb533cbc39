import { S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";
import { hmac, type Signed, sha256Hex } from "./sigv4.ts";

const EMPTY_HASH = sha256Hex("");
const MIN_CHUNK = 8 * 1024;
const MAX_LINE = 16 * 1024;

/** What a request carried, with the framing taken off. */
export interface Payload {
  readonly body: Buffer;
  /** Headers and trailers together: a checksum may be in either. */
  readonly fields: ReadonlyMap<string, string>;
}

function chunkSignature(signed: Signed, previous: string, kind: "PAYLOAD" | "TRAILER", hashes: string): string {
  const toSign = `AWS4-HMAC-SHA256-${kind}\n${signed.amzDate}\n${signed.scope}\n${previous}\n${hashes}`;
  return hmac(signed.signingKey, toSign).toString("hex");
}

function signatureMismatch(): S3Error {
  return new S3Error(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  );
}

/** Takes an `aws-chunked` body apart. */
class ChunkReader {
  readonly #raw: Buffer;
  #at = 0;

  constructor(raw: Buffer) {
    this.#raw = raw;
  }

  line(): string {
    const end = this.#raw.indexOf("\r\n", this.#at);
    if (end < 0 || end - this.#at > MAX_LINE) throw this.incomplete();
    const line = this.#raw.toString("latin1", this.#at, end);
    this.#at = end + 2;
    return line;
  }

  bytes(count: number): Buffer {
    const data = this.#raw.subarray(this.#at, this.#at + count);
    if (data.byteLength < count) throw this.incomplete();
    this.#at += count;
    return data;
  }

  get atEnd(): boolean {
    return this.#at >= this.#raw.byteLength;
  }

  incomplete(): S3Error {
    return new S3Error(
      "IncompleteBody",
      "You did not provide the number of bytes specified by the Content-Length HTTP header",
    );
  }
}

function readChunks(reader: ChunkReader, signed: Signed, isSigned: boolean): { chunks: Buffer[]; signature: string } {
  const chunks: Buffer[] = [];
  let signature = signed.signature;
  for (;;) {
    const header = /^([0-9a-fA-F]+)(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(reader.line());
    if (header === null || (header[2] !== undefined) !== isSigned) throw reader.incomplete();
    const size = Number.parseInt(header[1]!, 16);
    const data = reader.bytes(size);
    if (isSigned) {
      signature = chunkSignature(signed, signature, "PAYLOAD", `${EMPTY_HASH}\n${sha256Hex(data)}`);
      if (signature !== header[2]) throw signatureMismatch();
    }
    if (size === 0) return { chunks, signature };
    const before = chunks.at(-1);
    if (before !== undefined && before.byteLength < MIN_CHUNK) {
      throw new S3Error("InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes");
    }
    chunks.push(data);
    if (reader.line() !== "") throw reader.incomplete();
  }
}

function readTrailers(
  reader: ChunkReader,
  announced: readonly string[],
  signed: Signed,
  signature: string,
  isSigned: boolean,
): Map<string, string> {
  const malformed = (why: string) =>
    new S3Error(
      "MalformedTrailerError",
      `The request contained trailing data that was not well-formed or did not conform to our published schema. ${why}`,
    );
  const trailers = new Map<string, string>();
  while (!reader.atEnd) {
    const line = reader.line();
    if (line === "") continue;
    const at = line.indexOf(":");
    if (at <= 0) throw malformed("A line has no name.");
    trailers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim());
  }
  const given = trailers.get("x-amz-trailer-signature");
  trailers.delete("x-amz-trailer-signature");
  if ([...trailers.keys()].sort().join() !== [...announced].sort().join()) {
    throw malformed("It is not what x-amz-trailer announced.");
  }
  if (isSigned && announced.length > 0) {
    const canonical = [...trailers].map(([name, value]) => `${name}:${value}\n`).join("");
    if (chunkSignature(signed, signature, "TRAILER", sha256Hex(canonical)) !== given) throw signatureMismatch();
  }
  return trailers;
}

function decodeChunked(request: S3Request, signed: Signed, raw: Buffer): Payload {
  const isSigned = signed.payloadHash.startsWith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
  const hasTrailer = signed.payloadHash.endsWith("-TRAILER");
  const length = request.headers.get("x-amz-decoded-content-length");
  if (length === undefined || !/^\d+$/.test(length)) {
    throw new S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  const announced = (request.headers.get("x-amz-trailer") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  if (hasTrailer !== announced.length > 0) {
    throw new S3Error(
      "InvalidRequest",
      "The x-amz-trailer header and the payload type of x-amz-content-sha256 do not fit.",
    );
  }
  if (announced.some((name) => !/^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.test(name))) {
    throw new S3Error("InvalidRequest", "The value specified in the x-amz-trailer header is not supported");
  }
  const reader = new ChunkReader(raw);
  const { chunks, signature } = readChunks(reader, signed, isSigned);
  const trailers = readTrailers(reader, announced, signed, signature, isSigned);
  const body = Buffer.concat(chunks);
  if (body.byteLength !== Number(length)) throw reader.incomplete();
  return { body, fields: new Map([...request.headers, ...trailers]) };
}

/**
 * Checks the body against what was signed for it: its hash, no hash, or chunks with signatures and trailers.
 *
 * @throws S3Error as AWS answers
 */
export function readPayload(request: S3Request, signed: Signed, raw: Buffer): Payload {
  const { payloadHash } = signed;
  if (
    payloadHash === "STREAMING-UNSIGNED-PAYLOAD-TRAILER" ||
    payloadHash === "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" ||
    payloadHash === "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
  ) {
    return decodeChunked(request, signed, raw);
  }
  if (/\baws-chunked\b/.test(request.headers.get("content-encoding") ?? "") || request.headers.has("x-amz-trailer")) {
    throw new S3Error("InvalidRequest", "aws-chunked content needs a STREAMING- value of x-amz-content-sha256");
  }
  if (payloadHash !== "UNSIGNED-PAYLOAD") {
    if (!/^[0-9a-f]{64}$/.test(payloadHash)) {
      throw new S3Error(
        "InvalidArgument",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
      );
    }
    const actual = sha256Hex(raw);
    if (actual !== payloadHash) {
      throw new S3Error(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        { ClientComputedContentSHA256: payloadHash, S3ComputedContentSHA256: actual },
      );
    }
  }
  return { body: raw, fields: request.headers };
}
