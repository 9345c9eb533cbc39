import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Error } from "./errors.ts";

export type Algorithm = "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256";

/** Bytes of each algorithm's value. */
const SIZES: Readonly<Record<Algorithm, number>> = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 };

const ALGORITHMS = Object.keys(SIZES) as Algorithm[];

export function isAlgorithm(name: string): name is Algorithm {
  return Object.hasOwn(SIZES, name);
}

const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(chunks: readonly Uint8Array[]): Buffer {
  let crc = 0xffffffff;
  for (const chunk of chunks) for (const byte of chunk) crc = CRC32C_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  const value = Buffer.alloc(4);
  value.writeUInt32BE(~crc >>> 0);
  return value;
}

/** CRC-64/NVME, reflected polynomial 0x9a6c9329ac4bc9b5, as two halves: big integers would be fifty times slower. */
const CRC64_HIGH = new Uint32Array(256);
const CRC64_LOW = new Uint32Array(256);
for (let index = 0; index < 256; index++) {
  let high = 0;
  let low = index;
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high >>>= 1;
    if (odd) {
      high = (high ^ 0x9a6c9329) >>> 0;
      low = (low ^ 0xac4bc9b5) >>> 0;
    }
  }
  CRC64_HIGH[index] = high;
  CRC64_LOW[index] = low;
}

function crc64nvme(chunks: readonly Uint8Array[]): Buffer {
  let high = 0xffffffff;
  let low = 0xffffffff;
  for (const chunk of chunks) {
    for (const byte of chunk) {
      const index = (low ^ byte) & 0xff;
      low = (((low >>> 8) | (high << 24)) ^ CRC64_LOW[index]!) >>> 0;
      high = ((high >>> 8) ^ CRC64_HIGH[index]!) >>> 0;
    }
  }
  const value = Buffer.alloc(8);
  value.writeUInt32BE(~high >>> 0, 0);
  value.writeUInt32BE(~low >>> 0, 4);
  return value;
}

/** The raw checksum of a body. */
export function digest(algorithm: Algorithm, chunks: readonly Uint8Array[]): Buffer {
  if (algorithm === "crc32c") return crc32c(chunks);
  if (algorithm === "crc64nvme") return crc64nvme(chunks);
  if (algorithm === "crc32") {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(chunks.reduce((crc, chunk) => crc32(chunk, crc), 0));
    return value;
  }
  const hash = createHash(algorithm);
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

export interface Checksum {
  readonly algorithm: Algorithm;
  /** Base64; with `-<parts>` when composite. */
  readonly value: string;
  readonly type: "FULL_OBJECT" | "COMPOSITE";
}

function assertValue(algorithm: Algorithm, value: string): void {
  const decoded = Buffer.from(value, "base64");
  if (decoded.byteLength !== SIZES[algorithm] || decoded.toString("base64") !== value) {
    throw new S3Error("InvalidRequest", `Value for x-amz-checksum-${algorithm} header is invalid.`);
  }
}

/**
 * Checks `Content-MD5` and the one `x-amz-checksum-*` a body may carry, in a header or in a trailer.
 *
 * @returns the checksum that was given and holds
 */
export function verifyChecksums(
  fields: ReadonlyMap<string, string>,
  body: readonly Uint8Array[],
): Checksum | undefined {
  const md5 = fields.get("content-md5");
  if (md5 !== undefined) {
    if (Buffer.from(md5, "base64").byteLength !== 16) {
      throw new S3Error("InvalidDigest", "The Content-MD5 you specified was invalid.");
    }
    const hash = createHash("md5");
    for (const chunk of body) hash.update(chunk);
    if (hash.digest("base64") !== md5) {
      throw new S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.");
    }
  }
  const given = ALGORITHMS.filter((algorithm) => fields.has(`x-amz-checksum-${algorithm}`));
  if (given.length > 1) {
    throw new S3Error(
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  const announced = fields.get("x-amz-sdk-checksum-algorithm")?.toLowerCase();
  const [algorithm] = given;
  if (algorithm === undefined) {
    if (announced === undefined) return undefined;
    throw new S3Error(
      "InvalidRequest",
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  if (announced !== undefined && announced !== algorithm) {
    throw new S3Error("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.");
  }
  const value = fields.get(`x-amz-checksum-${algorithm}`)!;
  assertValue(algorithm, value);
  if (digest(algorithm, body).toString("base64") !== value) {
    throw new S3Error(
      "BadDigest",
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    );
  }
  return { algorithm, value, type: "FULL_OBJECT" };
}
