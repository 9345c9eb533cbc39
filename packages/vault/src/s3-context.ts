import { randomUUID } from "node:crypto";
import { HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from "@aws-sdk/client-s3";
import { RunbackError } from "@runback/core";
import { request, type S3Patience } from "./s3-request.ts";

/** What every request of one S3 vault needs. */
export interface S3Context {
  readonly client: S3Client;
  /** For downloads: their silence is counted only while somebody waits for a chunk, not while a slow consumer works on one. */
  readonly reader: S3Client;
  readonly bucket: string;
  /** Prepended to every key; empty or ends in a slash. */
  readonly prefix: string;
  readonly location: string;
  readonly patience: S3Patience;
  readonly partBytes: number;
}

/** Metadata name of the token that tells a writer its own object from another's. */
const TOKEN = "runback-put";

export function newToken(): string {
  return randomUUID();
}

export function tokenMetadata(token: string): Record<string, string> {
  return { [TOKEN]: token };
}

/** HEAD of one object; `undefined` when it is absent. */
export async function headObject(
  context: S3Context,
  key: string,
  signal?: AbortSignal,
): Promise<HeadObjectCommandOutput | undefined> {
  const input = { Bucket: context.bucket, Key: context.prefix + key };
  try {
    return await request((abortSignal) => context.client.send(new HeadObjectCommand(input), { abortSignal }), {
      key,
      location: context.location,
      patience: context.patience,
      signal,
    });
  } catch (error) {
    if (error instanceof RunbackError && error.code === "VAULT_NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * True when the object under the key is the one this put wrote. A write can succeed although its answer is lost; the attempt
 * after it then meets its own object, and without this would report that somebody else was first.
 */
export async function isOwnWrite(context: S3Context, key: string, token: string): Promise<boolean> {
  return (await headObject(context, key))?.Metadata?.[TOKEN] === token;
}
