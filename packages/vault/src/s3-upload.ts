import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { type PutOptions, RunbackError } from "@runback/core";
import { exists, refused, tooLarge, unreachable } from "./errors.ts";
import { headObject, isOwnWrite, newToken, type S3Context, tokenMetadata } from "./s3-context.ts";
import { failureOf } from "./s3-error.ts";
import { request } from "./s3-request.ts";

const MAX_PARTS = 10_000;
/** Parts on their way at once. With the one being filled, a put holds three parts in memory, whatever the object's size. */
const CONCURRENT_PARTS = 2;

function sha256Base64(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}

function commonInput(context: S3Context, key: string, token: string, options: PutOptions) {
  return {
    Bucket: context.bucket,
    Key: context.prefix + key,
    Metadata: tokenMetadata(token),
    ContentType: options.contentType ?? "application/octet-stream",
    ...(options.retainUntil === undefined
      ? {}
      : { ObjectLockMode: "COMPLIANCE" as const, ObjectLockRetainUntilDate: options.retainUntil }),
  };
}

/** One PUT of a body that is in memory. */
export async function putWhole(context: S3Context, key: string, body: Uint8Array, options: PutOptions): Promise<void> {
  const token = newToken();
  const input = {
    ...commonInput(context, key, token, options),
    Body: body,
    ContentLength: body.byteLength,
    ChecksumSHA256: sha256Base64(body),
    ...(options.ifAbsent ? { IfNoneMatch: "*" } : {}),
  };
  try {
    await request((abortSignal) => context.client.send(new PutObjectCommand(input), { abortSignal }), {
      key,
      location: context.location,
      patience: context.patience,
      bytes: body.byteLength,
      signal: options.signal,
    });
  } catch (error) {
    const taken = error instanceof RunbackError && error.code === "VAULT_EXISTS";
    if (!taken || !(await isOwnWrite(context, key, token))) throw error;
  }
}

/** A multipart upload: nothing is visible before it is completed, and a failed one is aborted. */
export async function putInParts(
  context: S3Context,
  key: string,
  parts: AsyncIterable<Uint8Array>,
  options: PutOptions,
): Promise<void> {
  if (options.ifAbsent && (await headObject(context, key, options.signal)) !== undefined) {
    throw exists(key, context.location);
  }
  const token = newToken();
  const about = { key, location: context.location, patience: context.patience };
  const create = { ...commonInput(context, key, token, options), ChecksumAlgorithm: "SHA256" as const };
  const { UploadId } = await request(
    (abortSignal) => context.client.send(new CreateMultipartUploadCommand(create), { abortSignal }),
    { ...about, signal: options.signal },
  );
  if (UploadId === undefined) throw refused(context.location, "it gave a multipart upload no id");
  const upload = { Bucket: create.Bucket, Key: create.Key, UploadId };
  try {
    const sent = await sendParts(context, about, upload, parts, options.signal);
    await complete(context, about, upload, sent, token, options);
  } catch (error) {
    // Best effort and without the caller's signal, which may be what ended the upload. What stays after a crash,
    // the bucket's rule for incomplete uploads removes.
    await request((abortSignal) => context.client.send(new AbortMultipartUploadCommand(upload), { abortSignal }), {
      ...about,
      patience: { ...context.patience, attempts: 2 },
    }).catch(() => {});
    throw error;
  }
}

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

type About = Pick<Parameters<typeof request>[1], "key" | "location" | "patience">;

async function sendParts(
  context: S3Context,
  about: About,
  upload: Upload,
  parts: AsyncIterable<Uint8Array>,
  callerSignal: AbortSignal | undefined,
): Promise<CompletedPart[]> {
  const stop = new AbortController();
  const signal = callerSignal === undefined ? stop.signal : AbortSignal.any([callerSignal, stop.signal]);
  const sent: CompletedPart[] = [];
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const send = async (body: Uint8Array, PartNumber: number): Promise<void> => {
    const ChecksumSHA256 = sha256Base64(body);
    const input = { ...upload, PartNumber, Body: body, ContentLength: body.byteLength, ChecksumSHA256 };
    const { ETag } = await request(
      (abortSignal) => context.client.send(new UploadPartCommand(input), { abortSignal }),
      { ...about, bytes: body.byteLength, signal },
    );
    if (ETag === undefined) throw refused(context.location, "it gave a part no ETag");
    sent.push({ PartNumber, ETag, ChecksumSHA256 });
  };

  let number = 0;
  try {
    for await (const part of parts) {
      signal.throwIfAborted();
      number += 1;
      if (number > MAX_PARTS)
        throw tooLarge("The object (raise partBytes in the vault URL)", MAX_PARTS * context.partBytes);
      const task = send(part, number)
        .catch((error: unknown) => {
          failure ??= { error };
          stop.abort();
        })
        .finally(() => underWay.delete(task));
      underWay.add(task);
      if (underWay.size >= CONCURRENT_PARTS) await Promise.race(underWay);
      if (failure !== undefined) break;
    }
  } catch (error) {
    failure ??= { error };
    stop.abort();
  }
  await Promise.all(underWay);
  if (failure !== undefined) throw failure.error;
  return sent.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
}

async function complete(
  context: S3Context,
  about: About,
  upload: Upload,
  parts: CompletedPart[],
  token: string,
  options: PutOptions,
): Promise<void> {
  const input = {
    ...upload,
    MultipartUpload: { Parts: parts },
    ...(options.ifAbsent ? { IfNoneMatch: "*" } : {}),
  };
  try {
    await request((abortSignal) => context.client.send(new CompleteMultipartUploadCommand(input), { abortSignal }), {
      ...about,
      bytes: parts.length * 64 * 1024,
      signal: options.signal,
    });
  } catch (error) {
    const gone = failureOf(error instanceof RunbackError ? error.cause : error).code === "NoSuchUpload";
    const taken = error instanceof RunbackError && error.code === "VAULT_EXISTS";
    if (!gone && !taken) throw error;
    if (await isOwnWrite(context, about.key, token)) return;
    if (gone) throw unreachable(context.location, "the upload was ended by someone else", error);
    throw error;
  }
}
