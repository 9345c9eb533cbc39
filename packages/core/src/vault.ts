/** The object store that holds bundles, snapshots and audit anchors: S3, or a folder with the same contract. */

export interface PutOptions {
  /** Refuse with `VAULT_EXISTS` when the key is taken, instead of replacing it. Atomic: of two writers one wins. */
  readonly ifAbsent?: boolean;
  readonly contentType?: string;
  /** Object Lock in compliance mode: until then nobody, root included, deletes or replaces this version. */
  readonly retainUntil?: Date;
  readonly signal?: AbortSignal;
}

export interface PutResult {
  /** Lower-case hex SHA-256 of the whole object, computed while it streamed. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

export interface Vault {
  /** Where it is, without secrets: `file:///srv/vault`, `s3://bucket/prefix`. */
  readonly location: string;
  /** Nothing is visible under the key until the whole object is stored. */
  put(key: string, body: ByteSource, options?: PutOptions): Promise<PutResult>;
  /** Streams the object; `range` is inclusive, as in HTTP. `VAULT_NOT_FOUND` when absent. */
  get(
    key: string,
    options?: { range?: { start: number; end?: number }; signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Every object under the prefix in ascending key order, page by page. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Deletes; an absent key is no error. `VAULT_LOCKED` when retention forbids it. */
  delete(key: string): Promise<void>;
  /** Releases sockets. */
  close(): Promise<void>;
}
