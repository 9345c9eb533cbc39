import {
  DeleteObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import {
  type ByteSource,
  type Clock,
  type ObjectInfo,
  type PutOptions,
  type PutResult,
  RunbackError,
  systemClock,
  type Vault,
} from "@runback/core";
import { Tally } from "./byte-source.ts";
import { bucketMissing, keyInvalid, locked, refused, retentionInvalid, urlInvalid } from "./errors.ts";
import { assertKey, assertPrefix, compareKeys, isKey } from "./key.ts";
import { assertRange, type ByteRange } from "./range.ts";
import { headObject, type S3Context } from "./s3-context.ts";
import { download } from "./s3-download.ts";
import { inParts } from "./s3-parts.ts";
import { request, type S3Patience, silenceMs } from "./s3-request.ts";
import { putInParts, putWhole } from "./s3-upload.ts";
import { MIN_PART_BYTES, type S3Location } from "./s3-url.ts";

/** A vault in an S3 bucket, or in any store that speaks S3 with conditional writes. */
class S3Vault implements Vault {
  readonly location: string;
  readonly #context: S3Context;
  readonly #clock: Clock;
  #bucketSeen = false;

  constructor(context: S3Context, clock: Clock) {
    this.location = context.location;
    this.#context = context;
    this.#clock = clock;
  }

  async put(key: string, body: ByteSource, options: PutOptions = {}): Promise<PutResult> {
    this.#assertKey(key);
    options.signal?.throwIfAborted();
    if (options.retainUntil !== undefined && !(options.retainUntil > this.#clock.now())) throw retentionInvalid();
    // A versioned bucket would take the new version and keep the locked one below it; readers would see the new.
    if (!options.ifAbsent) await this.#refuseLocked(key, options.signal);
    const tally = new Tally();
    const parts = inParts(body, this.#context.partBytes, tally);
    try {
      const first = await parts.next();
      const second = first.done ? first : await parts.next();
      if (first.done || second.done) {
        await putWhole(this.#context, key, first.done ? new Uint8Array() : first.value, options);
      } else {
        await putInParts(this.#context, key, followedBy([first.value, second.value], parts), options);
      }
    } finally {
      await parts.return(undefined);
    }
    this.#bucketSeen = true;
    return tally.result();
  }

  async *get(
    key: string,
    options: { range?: ByteRange; signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array, void, void> {
    this.#assertKey(key);
    if (options.range !== undefined) assertRange(key, options.range);
    yield* download(this.#context, key, options.range, options.signal);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    this.#assertKey(key);
    const found = await headObject(this.#context, key);
    if (found === undefined) {
      await this.#assertBucket();
      return undefined;
    }
    if (found.ContentLength === undefined || found.LastModified === undefined) {
      throw refused(this.location, "it answered HEAD without length or date");
    }
    return { key, bytes: found.ContentLength, modifiedAt: found.LastModified };
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, void> {
    assertPrefix(prefix);
    const { client, bucket, prefix: root, patience } = this.#context;
    const about = { key: prefix, location: this.location, patience };
    let token: string | undefined;
    let previous: string | undefined;
    do {
      const input = {
        Bucket: bucket,
        Prefix: root + prefix,
        EncodingType: "url" as const,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      };
      const page = await request((abortSignal) => client.send(new ListObjectsV2Command(input), { abortSignal }), about);
      for (const entry of page.Contents ?? []) {
        const key = decodeURIComponent((entry.Key ?? "").replaceAll("+", " ")).slice(root.length);
        if (previous !== undefined && compareKeys(previous, key) >= 0) {
          throw refused(this.location, "it does not list in key order (directory buckets do not)");
        }
        previous = key;
        // Folder markers and whatever else no key of this vault can name are somebody else's.
        if (!isKey(key) || entry.Size === undefined || entry.LastModified === undefined) continue;
        yield { key, bytes: entry.Size, modifiedAt: entry.LastModified };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
      if (page.IsTruncated && token === undefined) throw refused(this.location, "it cut a listing without a token");
    } while (token !== undefined);
  }

  async delete(key: string): Promise<void> {
    this.#assertKey(key);
    // On a versioned bucket a delete only hides the object; S3 itself would allow that for a locked one too.
    await this.#refuseLocked(key, undefined);
    const { client, bucket, prefix, patience } = this.#context;
    const input = { Bucket: bucket, Key: prefix + key };
    try {
      await request((abortSignal) => client.send(new DeleteObjectCommand(input), { abortSignal }), {
        key,
        location: this.location,
        patience,
      });
    } catch (error) {
      if (!(error instanceof RunbackError && error.code === "VAULT_NOT_FOUND")) throw error;
    }
  }

  async close(): Promise<void> {
    this.#context.client.destroy();
    this.#context.reader.destroy();
  }

  #assertKey(key: string): void {
    assertKey(key);
    if (Buffer.byteLength(this.#context.prefix + key) > 1024) {
      throw keyInvalid(key, "with the prefix of the vault it is longer than 1024 bytes");
    }
  }

  async #refuseLocked(key: string, signal: AbortSignal | undefined): Promise<void> {
    const found = await headObject(this.#context, key, signal);
    const until = found?.ObjectLockRetainUntilDate;
    if (until !== undefined && until > this.#clock.now()) throw locked(key, until);
    if (found?.ObjectLockLegalHoldStatus === "ON") throw locked(key, undefined);
  }

  /** HEAD answers 404 alike for a missing object and a missing bucket; "absent" must not mean "wrong bucket". */
  async #assertBucket(): Promise<void> {
    if (this.#bucketSeen) return;
    const { client, bucket, patience } = this.#context;
    try {
      await request((abortSignal) => client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal }), {
        key: "",
        location: this.location,
        patience,
      });
      this.#bucketSeen = true;
    } catch (error) {
      if (error instanceof RunbackError && error.code === "VAULT_NOT_FOUND") throw bucketMissing(this.location, error);
      throw error;
    }
  }
}

async function* followedBy<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* rest;
}

/** The client library's own warnings (busy sockets) are plain lines on the console; logs here are JSON only. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

export interface S3VaultOptions {
  /** Default: the client library's chain (environment, shared files, container or instance role). */
  readonly credentials?: NonNullable<S3ClientConfig["credentials"]>;
  readonly clock?: Clock;
  /** Default 60,000 ms, 6 attempts, first pause 100 ms. */
  readonly patience?: Partial<S3Patience>;
  /** Default 8 MiB: objects up to 80 GB in 10,000 parts. */
  readonly partBytes?: number;
}

/**
 * Opens an S3 vault. No request is sent: commands that need no vault work without one.
 *
 * @throws RunbackError `VAULT_URL_INVALID` when no region is known or parts are too small
 */
export async function openS3Vault(where: S3Location, options: S3VaultOptions = {}): Promise<Vault> {
  const partBytes = options.partBytes ?? where.partBytes ?? 8 * 1024 * 1024;
  if (partBytes < MIN_PART_BYTES) throw urlInvalid(`partBytes is below ${MIN_PART_BYTES}`);
  const region = where.region ?? (where.endpoint === undefined ? undefined : "us-east-1");
  const patience = { timeoutMs: 60_000, attempts: 6, backoffMs: 100, ...options.patience };
  const config: S3ClientConfig = {
    // Retried here, with one bound for all attempts; checksums are given with every body.
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    ...(region === undefined ? {} : { region }),
    ...(where.endpoint === undefined ? {} : { endpoint: where.endpoint }),
    ...(where.forcePathStyle === undefined ? {} : { forcePathStyle: where.forcePathStyle }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
  const connectionTimeout = silenceMs(patience);
  const handler = { connectionTimeout, logger: SILENT };
  const client = new S3Client({ ...config, requestHandler: { ...handler, socketTimeout: connectionTimeout } });
  const reader = new S3Client({ ...config, requestHandler: handler });
  try {
    await client.config.region();
  } catch (error) {
    client.destroy();
    reader.destroy();
    throw new RunbackError("VAULT_URL_INVALID", "The vault URL names no region, and none is configured.", {
      recovery: "Add ?region=… to VAULT_URL or set AWS_REGION.",
      status: 500,
      cause: error,
    });
  }
  const location = `s3://${where.bucket}${where.prefix === "" ? "" : `/${where.prefix.slice(0, -1)}`}`;
  const context = { client, reader, bucket: where.bucket, prefix: where.prefix, location, patience, partBytes };
  return new S3Vault(context, options.clock ?? systemClock);
}
