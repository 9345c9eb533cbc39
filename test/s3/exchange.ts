import type { Checksum } from "./checksums.ts";
import type { S3Request } from "./request.ts";
import type { Bucket } from "./store.ts";

/** All that an operation gets to see. */
export interface Exchange {
  readonly request: S3Request;
  readonly bucket: Bucket;
  /** The body with framing and signatures taken off and its checksums checked. */
  readonly body: Buffer;
  /** Headers and trailers. */
  readonly fields: ReadonlyMap<string, string>;
  readonly checksum: Checksum | undefined;
  readonly now: Date;
}

export interface S3Response {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | readonly Uint8Array[];
}

export type Operation = (exchange: Exchange) => S3Response;

/** Headers every answer about one version carries. */
export function versionHeaders(bucket: Bucket, versionId: string): Record<string, string> {
  return bucket.versioning === "Off" ? {} : { "x-amz-version-id": versionId };
}
