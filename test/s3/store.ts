import { createHash, randomBytes } from "node:crypto";
import type { Checksum } from "./checksums.ts";
import { S3Error } from "./errors.ts";

export interface Retention {
  readonly mode: "COMPLIANCE" | "GOVERNANCE";
  readonly until: Date;
}

/** One version of an object, or a delete marker. */
export interface Version {
  readonly key: string;
  readonly versionId: string;
  readonly deleteMarker: boolean;
  readonly body: readonly Buffer[];
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedAt: Date;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  readonly checksum: Checksum | undefined;
  retention: Retention | undefined;
  legalHold: boolean;
}

export interface Part {
  readonly body: Buffer;
  readonly etag: string;
  readonly checksum: Checksum | undefined;
  readonly modifiedAt: Date;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly startedAt: Date;
  /** What the finished object will have besides its body. */
  readonly template: Pick<Version, "contentType" | "contentEncoding" | "metadata" | "retention" | "legalHold">;
  readonly algorithm: Checksum["algorithm"] | undefined;
  readonly type: Checksum["type"];
  readonly parts: Map<number, Part>;
}

export interface BucketOptions {
  readonly name: string;
  /** Needs and implies versioning, as on AWS. */
  readonly objectLock?: boolean;
  readonly versioning?: boolean;
  /** Applied to objects put without retention of their own. */
  readonly defaultRetention?: { readonly mode: Retention["mode"]; readonly days: number };
}

export function md5Hex(chunks: readonly Uint8Array[]): string {
  const hash = createHash("md5");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export class Bucket {
  readonly name: string;
  readonly objectLock: boolean;
  readonly defaultRetention: BucketOptions["defaultRetention"];
  versioning: "Off" | "Enabled" | "Suspended";
  readonly uploads = new Map<string, Upload>();
  /** Newest version last. */
  readonly #versions = new Map<string, Version[]>();
  #sorted: string[] | undefined;

  constructor(options: BucketOptions) {
    this.name = options.name;
    this.objectLock = options.objectLock ?? false;
    this.defaultRetention = options.defaultRetention;
    this.versioning = this.objectLock || options.versioning ? "Enabled" : "Off";
  }

  /** Keys with any version, in the order of their UTF-8 bytes. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#versions.keys()].sort(byBytes);
    return this.#sorted;
  }

  versionsOf(key: string): readonly Version[] {
    return this.#versions.get(key) ?? [];
  }

  /** The current object; `undefined` when absent or hidden by a delete marker. */
  current(key: string): Version | undefined {
    const latest = this.versionsOf(key).at(-1);
    return latest?.deleteMarker ? undefined : latest;
  }

  find(key: string, versionId: string | undefined): Version {
    const missing = { Key: key };
    if (versionId === undefined) {
      const latest = this.versionsOf(key).at(-1);
      if (latest === undefined) throw new S3Error("NoSuchKey", "The specified key does not exist.", missing);
      if (latest.deleteMarker) {
        throw new S3Error("NoSuchKey", "The specified key does not exist.", missing, {
          "x-amz-delete-marker": "true",
          "x-amz-version-id": latest.versionId,
        });
      }
      return latest;
    }
    const version = this.versionsOf(key).find((candidate) => candidate.versionId === versionId);
    if (version === undefined) {
      throw new S3Error("NoSuchVersion", "The specified version does not exist.", { ...missing, VersionId: versionId });
    }
    if (version.deleteMarker) {
      throw new S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.", missing, {
        "x-amz-delete-marker": "true",
        allow: "DELETE",
      });
    }
    return version;
  }

  /** Adds a version, or replaces the one that has no history. */
  add(content: Omit<Version, "versionId">): Version {
    const versionId = this.versioning === "Enabled" ? randomBytes(16).toString("base64url") : "null";
    const version = { ...content, versionId };
    const kept = this.versionsOf(content.key).filter((old) => versionId !== "null" || old.versionId !== "null");
    this.#set(content.key, [...kept, version]);
    return version;
  }

  remove(key: string, versionId: string): void {
    this.#set(
      key,
      this.versionsOf(key).filter((version) => version.versionId !== versionId),
    );
  }

  #set(key: string, versions: Version[]): void {
    if (versions.length === 0) this.#versions.delete(key);
    else this.#versions.set(key, versions);
    this.#sorted = undefined;
  }
}
