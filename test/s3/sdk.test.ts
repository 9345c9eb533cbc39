import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type S3Server, startS3Server } from "./server.ts";

const CREDENTIALS = { accessKeyId: "AKID", secretAccessKey: "secret" };
const HOUR = 3_600_000;
const MIB = 1024 * 1024;

let server: S3Server;
let s3: S3Client;
let ahead = 0;

beforeEach(async () => {
  ahead = 0;
  server = await startS3Server({
    buckets: [
      { name: "plain" },
      { name: "versioned", versioning: true },
      { name: "locked", objectLock: true },
      { name: "preset", objectLock: true, defaultRetention: { mode: "GOVERNANCE", days: 1 } },
    ],
    credentials: CREDENTIALS,
    now: () => new Date(Date.now() + ahead),
  });
  s3 = new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    forcePathStyle: true,
    credentials: CREDENTIALS,
    maxAttempts: 1,
  });
});
afterEach(async () => {
  s3.destroy();
  await server.close();
});

function named(name: string) {
  return expect.objectContaining({ name });
}

async function text(Bucket: string, Key: string, more: { VersionId?: string; Range?: string } = {}): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return (await Body?.transformToString()) ?? "";
}

describe("bodies as the SDK sends them", () => {
  test.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const)(
    "a buffer and a stream with %s",
    async (ChecksumAlgorithm) => {
      const body = randomBytes(300_000);
      await s3.send(new PutObjectCommand({ Bucket: "plain", Key: "buffer", Body: body, ChecksumAlgorithm }));
      await s3.send(
        new PutObjectCommand({
          Bucket: "plain",
          Key: "stream",
          Body: Readable.from([body.subarray(0, 65_536), body.subarray(65_536)]),
          ContentLength: body.byteLength,
          ChecksumAlgorithm,
        }),
      );
      for (const Key of ["buffer", "stream"]) {
        const { Body, ...head } = await s3.send(
          new GetObjectCommand({ Bucket: "plain", Key, ChecksumMode: "ENABLED" }),
        );
        expect(Buffer.compare((await Body?.transformToByteArray()) ?? new Uint8Array(), body)).toBe(0);
        expect(head.ChecksumType).toBe("FULL_OBJECT");
        expect(server.bucket("plain").current(Key)?.checksum?.algorithm).toBe(ChecksumAlgorithm.toLowerCase());
        expect(head.ContentEncoding).toBeUndefined();
      }
    },
  );

  test("metadata, content type and odd keys come back", async () => {
    for (const Key of ["a b", "a+b", "ü/é", "a&b<c>", "%2e", "a'(b)*!~", "🙂"]) {
      await s3.send(
        new PutObjectCommand({ Bucket: "plain", Key, Body: Key, ContentType: "text/x", Metadata: { k: "v" } }),
      );
      const head = await s3.send(new HeadObjectCommand({ Bucket: "plain", Key }));
      expect(head).toMatchObject({
        ContentType: "text/x",
        Metadata: { k: "v" },
        ContentLength: Buffer.byteLength(Key),
      });
      expect(await text("plain", Key)).toBe(Key);
    }
  });
});

describe("reads", () => {
  beforeEach(async () => {
    await s3.send(new PutObjectCommand({ Bucket: "plain", Key: "d", Body: "0123456789" }));
  });

  test.each([
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-100", "0123456789", "bytes 0-9/10"],
    ["bytes=5-100", "56789", "bytes 5-9/10"],
  ])("range %s", async (Range, expected, contentRange) => {
    const { Body, ContentRange, $metadata } = await s3.send(new GetObjectCommand({ Bucket: "plain", Key: "d", Range }));
    expect([await Body?.transformToString(), ContentRange, $metadata.httpStatusCode]).toEqual([
      expected,
      contentRange,
      206,
    ]);
  });

  test.each(["bytes=10-", "bytes=-0", "bytes=99-100"])("range %s is not satisfiable", async (Range) => {
    const get = s3.send(new GetObjectCommand({ Bucket: "plain", Key: "d", Range }));
    await expect(get).rejects.toThrowError(named("InvalidRange"));
  });

  test.each(["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5"])("range %s is ignored", async (Range) => {
    expect(await text("plain", "d", { Range })).toBe("0123456789");
  });

  test("conditions", async () => {
    const { ETag, LastModified } = await s3.send(new HeadObjectCommand({ Bucket: "plain", Key: "d" }));
    const get = (more: object) => s3.send(new GetObjectCommand({ Bucket: "plain", Key: "d", ...more }));
    const status = (more: object) =>
      get(more).then(
        (answer) => answer.$metadata.httpStatusCode,
        (error: { $metadata?: { httpStatusCode?: number } }) => error.$metadata?.httpStatusCode,
      );
    const later = new Date((LastModified?.getTime() ?? 0) + HOUR);
    const before = new Date((LastModified?.getTime() ?? 0) - HOUR);
    expect(await status({ IfMatch: ETag })).toBe(200);
    expect(await status({ IfMatch: '"no"' })).toBe(412);
    expect(await status({ IfNoneMatch: ETag })).toBe(304);
    expect(await status({ IfNoneMatch: '"no"' })).toBe(200);
    expect(await status({ IfModifiedSince: later })).toBe(304);
    expect(await status({ IfModifiedSince: before })).toBe(200);
    expect(await status({ IfUnmodifiedSince: before })).toBe(412);
    expect(await status({ IfUnmodifiedSince: later })).toBe(200);
    expect(await status({ IfMatch: ETag, IfUnmodifiedSince: before })).toBe(200);
  });
});

describe("conditional writes", () => {
  const put = (Body: string, more: object) =>
    s3.send(new PutObjectCommand({ Bucket: "plain", Key: "c", Body, ...more }));

  test("If-None-Match: * and If-Match", async () => {
    const { ETag } = await put("1", { IfNoneMatch: "*" });
    await expect(put("2", { IfNoneMatch: "*" })).rejects.toThrowError(named("PreconditionFailed"));
    await expect(put("2", { IfMatch: '"no"' })).rejects.toThrowError(named("PreconditionFailed"));
    expect(await text("plain", "c")).toBe("1");
    await put("2", { IfMatch: ETag });
    await expect(put("3", { IfMatch: ETag })).rejects.toThrowError(named("PreconditionFailed"));
    expect(await text("plain", "c")).toBe("2");
  });

  test("a delete marker counts as absent", async () => {
    const input = { Bucket: "versioned", Key: "c", Body: "x", IfNoneMatch: "*" };
    await s3.send(new PutObjectCommand(input));
    await s3.send(new DeleteObjectCommand({ Bucket: "versioned", Key: "c" }));
    await s3.send(new PutObjectCommand(input));
    await expect(s3.send(new PutObjectCommand(input))).rejects.toThrowError(named("PreconditionFailed"));
  });
});

describe("versions", () => {
  test("are kept, hidden by delete markers and removed one by one", async () => {
    const at = { Bucket: "versioned", Key: "v" };
    const one = await s3.send(new PutObjectCommand({ ...at, Body: "one" }));
    const two = await s3.send(new PutObjectCommand({ ...at, Body: "two" }));
    expect(one.VersionId).not.toBe(two.VersionId);
    expect(await text("versioned", "v", { VersionId: one.VersionId! })).toBe("one");
    const marker = await s3.send(new DeleteObjectCommand(at));
    expect(marker.DeleteMarker).toBe(true);
    await expect(text("versioned", "v")).rejects.toThrowError(named("NoSuchKey"));
    await expect(text("versioned", "v", { VersionId: marker.VersionId! })).rejects.toThrowError(
      named("MethodNotAllowed"),
    );
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: "versioned" }));
    expect(listed.Versions?.map(({ VersionId }) => VersionId)).toEqual([two.VersionId, one.VersionId]);
    expect(listed.DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [marker.VersionId, true],
    ]);
    await s3.send(new DeleteObjectCommand({ ...at, VersionId: marker.VersionId }));
    expect(await text("versioned", "v")).toBe("two");
    await s3.send(new DeleteObjectCommand({ ...at, VersionId: two.VersionId }));
    expect(await text("versioned", "v")).toBe("one");
  });

  test("without versioning the object is replaced; switched on later, the old one is the null version", async () => {
    const at = { Bucket: "plain", Key: "v" };
    await s3.send(new PutObjectCommand({ ...at, Body: "one" }));
    await s3.send(new PutObjectCommand({ ...at, Body: "two" }));
    expect(server.bucket("plain").versionsOf("v")).toHaveLength(1);
    const versioning = { Bucket: "plain", VersioningConfiguration: { Status: "Enabled" as const } };
    await s3.send(new PutBucketVersioningCommand(versioning));
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket: "plain" }))).Status).toBe("Enabled");
    await s3.send(new PutObjectCommand({ ...at, Body: "three" }));
    expect(await text("plain", "v", { VersionId: "null" })).toBe("two");
    await s3.send(
      new PutBucketVersioningCommand({ Bucket: "plain", VersioningConfiguration: { Status: "Suspended" } }),
    );
    await s3.send(new PutObjectCommand({ ...at, Body: "four" }));
    expect(server.bucket("plain").versionsOf("v")).toHaveLength(2);
  });

  test("Object Lock does not let versioning go", async () => {
    const suspend = new PutBucketVersioningCommand({
      Bucket: "locked",
      VersioningConfiguration: { Status: "Suspended" },
    });
    await expect(s3.send(suspend)).rejects.toThrowError(named("InvalidBucketState"));
  });
});

describe("Object Lock", () => {
  const until = () => new Date(Date.now() + HOUR);
  const put = async (mode: "COMPLIANCE" | "GOVERNANCE", Key = "l") =>
    await s3.send(
      new PutObjectCommand({
        Bucket: "locked",
        Key,
        Body: "x",
        ObjectLockMode: mode,
        ObjectLockRetainUntilDate: until(),
      }),
    );
  const destroy = (VersionId: string | undefined, bypass = false) =>
    s3.send(
      new DeleteObjectCommand({
        Bucket: "locked",
        Key: "l",
        VersionId,
        ...(bypass ? { BypassGovernanceRetention: true } : {}),
      }),
    );

  test("compliance: no version is destroyed by anybody before its time; a marker may hide it", async () => {
    const { VersionId } = await put("COMPLIANCE");
    await expect(destroy(VersionId)).rejects.toThrowError(named("AccessDenied"));
    await expect(destroy(VersionId, true)).rejects.toThrowError(named("AccessDenied"));
    expect((await destroy(undefined)).DeleteMarker).toBe(true);
    expect(await text("locked", "l", { VersionId: VersionId! })).toBe("x");
    ahead = HOUR + 1000;
    // The refusal for a skewed clock carries the server's time, by which the SDK corrects its own.
    await expect(s3.send(new HeadBucketCommand({ Bucket: "locked" }))).rejects.toThrowError();
    await s3.send(new HeadBucketCommand({ Bucket: "locked" }));
    await destroy(VersionId);
    expect(
      server
        .bucket("locked")
        .versionsOf("l")
        .every(({ deleteMarker }) => deleteMarker),
    ).toBe(true);
  });

  test("governance: only with the bypass", async () => {
    const { VersionId } = await put("GOVERNANCE");
    await expect(destroy(VersionId)).rejects.toThrowError(named("AccessDenied"));
    await destroy(VersionId, true);
  });

  test("retention may be extended, and compliance never shortened or weakened", async () => {
    await put("COMPLIANCE");
    const retain = (Mode: "COMPLIANCE" | "GOVERNANCE", ms: number) =>
      s3.send(
        new PutObjectRetentionCommand({
          Bucket: "locked",
          Key: "l",
          Retention: { Mode, RetainUntilDate: new Date(Date.now() + ms) },
          BypassGovernanceRetention: true,
        }),
      );
    await expect(retain("COMPLIANCE", HOUR / 2)).rejects.toThrowError(named("AccessDenied"));
    await expect(retain("GOVERNANCE", 2 * HOUR)).rejects.toThrowError(named("AccessDenied"));
    await retain("COMPLIANCE", 2 * HOUR);
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket: "locked", Key: "l" }));
    expect(Retention?.Mode).toBe("COMPLIANCE");
    expect(Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + HOUR);
  });

  test("a legal hold keeps until it is lifted", async () => {
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: "locked", Key: "l", Body: "x" }));
    const hold = (Status: "ON" | "OFF") =>
      s3.send(new PutObjectLegalHoldCommand({ Bucket: "locked", Key: "l", LegalHold: { Status } }));
    await hold("ON");
    expect((await s3.send(new GetObjectLegalHoldCommand({ Bucket: "locked", Key: "l" }))).LegalHold?.Status).toBe("ON");
    await expect(destroy(VersionId, true)).rejects.toThrowError(named("AccessDenied"));
    await hold("OFF");
    await destroy(VersionId);
  });

  test("a bucket's default applies, and its configuration can be read", async () => {
    await s3.send(new PutObjectCommand({ Bucket: "preset", Key: "l", Body: "x" }));
    const head = await s3.send(new HeadObjectCommand({ Bucket: "preset", Key: "l" }));
    expect(head.ObjectLockMode).toBe("GOVERNANCE");
    const read = await s3.send(new GetObjectLockConfigurationCommand({ Bucket: "preset" }));
    expect(read.ObjectLockConfiguration?.Rule?.DefaultRetention).toEqual({ Mode: "GOVERNANCE", Days: 1 });
    const none = s3.send(new GetObjectLockConfigurationCommand({ Bucket: "plain" }));
    await expect(none).rejects.toThrowError(named("ObjectLockConfigurationNotFoundError"));
  });

  test("a bucket without it refuses", async () => {
    const locked = new PutObjectCommand({
      Bucket: "plain",
      Key: "l",
      Body: "x",
      ObjectLockMode: "COMPLIANCE",
      ObjectLockRetainUntilDate: until(),
    });
    await expect(s3.send(locked)).rejects.toThrowError(/missing Object Lock Configuration/);
  });
});

describe("multipart uploads", () => {
  const at = { Bucket: "plain", Key: "m" };
  const begin = async (more: object = {}) =>
    ({ ...at, UploadId: (await s3.send(new CreateMultipartUploadCommand({ ...at, ...more }))).UploadId }) as const;
  type Begun = Awaited<ReturnType<typeof begin>>;
  const part = async (upload: Begun, PartNumber: number, Body: Buffer, more: object = {}): Promise<CompletedPart> => {
    const { ETag, ChecksumSHA256, ChecksumCRC32 } = await s3.send(
      new UploadPartCommand({ ...upload, PartNumber, Body, ...more }),
    );
    return { PartNumber, ETag, ChecksumSHA256, ChecksumCRC32 };
  };
  const complete = (upload: Begun, Parts: CompletedPart[], more: object = {}) =>
    s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more }));
  const big = randomBytes(5 * MIB);
  const small = randomBytes(10);

  test("are put together in order, with composite ETag and checksum", async () => {
    const upload = await begin({ ChecksumAlgorithm: "SHA256" });
    const second = await part(upload, 7, small, { ChecksumAlgorithm: "SHA256" });
    const first = await part(upload, 2, big, { ChecksumAlgorithm: "SHA256" });
    const listed = await s3.send(new ListPartsCommand(upload));
    expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [2, 5 * MIB],
      [7, 10],
    ]);
    const done = await complete(upload, [first, second]);
    const md5 = (data: Buffer) => createHash("md5").update(data).digest();
    expect(done.ETag).toBe(`"${md5(Buffer.concat([md5(big), md5(small)])).toString("hex")}-2"`);
    const sha = (data: Buffer) => createHash("sha256").update(data).digest();
    expect(done.ChecksumSHA256).toBe(`${sha(Buffer.concat([sha(big), sha(small)])).toString("base64")}-2`);
    const { Body } = await s3.send(new GetObjectCommand({ ...at, Range: `bytes=${5 * MIB - 3}-${5 * MIB + 2}` }));
    const seam = Buffer.concat([big.subarray(-3), small.subarray(0, 3)]);
    expect(Buffer.from((await Body?.transformToByteArray()) ?? [])).toEqual(seam);
    await expect(complete(upload, [first, second])).rejects.toThrowError(named("NoSuchUpload"));
  });

  test("are invisible until completed, and gone when aborted", async () => {
    const upload = await begin();
    const only = await part(upload, 1, small);
    await expect(text("plain", "m")).rejects.toThrowError(named("NoSuchKey"));
    expect((await s3.send(new ListObjectsV2Command({ Bucket: "plain" }))).KeyCount).toBe(0);
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket: "plain" }));
    expect(Uploads?.map(({ UploadId }) => UploadId)).toEqual([upload.UploadId]);
    await s3.send(new AbortMultipartUploadCommand(upload));
    await expect(complete(upload, [only])).rejects.toThrowError(named("NoSuchUpload"));
    await expect(part(upload, 2, small)).rejects.toThrowError(named("NoSuchUpload"));
  });

  test("with what AWS refuses", async () => {
    const upload = await begin();
    const one = await part(upload, 1, small);
    const two = await part(upload, 2, small);
    await expect(complete(upload, [one, two])).rejects.toThrowError(named("EntityTooSmall"));
    await expect(complete(upload, [two, one])).rejects.toThrowError(named("InvalidPartOrder"));
    await expect(complete(upload, [one, one])).rejects.toThrowError(named("InvalidPartOrder"));
    await expect(complete(upload, [{ ...one, ETag: '"no"' }])).rejects.toThrowError(named("InvalidPart"));
    await expect(complete(upload, [one, { ...two, PartNumber: 3 }])).rejects.toThrowError(named("InvalidPart"));
    await expect(complete(upload, [])).rejects.toThrowError(named("MalformedXML"));
    await expect(part(upload, 10_001, small)).rejects.toThrowError(named("InvalidArgument"));
    await expect(complete(upload, [one], { MpuObjectSize: 11 })).rejects.toThrowError(named("InvalidRequest"));
    await complete(upload, [one], { MpuObjectSize: 10 });
  });

  test("must use the checksum they began with", async () => {
    const upload = await begin({ ChecksumAlgorithm: "SHA256" });
    await expect(part(upload, 1, small, { ChecksumAlgorithm: "CRC32" })).rejects.toThrowError(named("InvalidRequest"));
    const one = await part(upload, 1, small, { ChecksumAlgorithm: "SHA256" });
    const { PartNumber, ETag } = one;
    await expect(complete(upload, [{ PartNumber, ETag }])).rejects.toThrowError(named("InvalidRequest"));
    await complete(upload, [one]);
  });

  test("a whole-object CRC is computed and compared", async () => {
    const upload = await begin({ ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
    const parts = [
      await part(upload, 1, big, { ChecksumAlgorithm: "CRC32" }),
      await part(upload, 2, small, { ChecksumAlgorithm: "CRC32" }),
    ];
    const wrong = { ChecksumCRC32: "AAAAAA==", ChecksumType: "FULL_OBJECT" };
    await expect(complete(upload, parts, wrong)).rejects.toThrowError(named("BadDigest"));
    const done = await complete(upload, parts);
    await s3.send(new PutObjectCommand({ Bucket: "plain", Key: "whole", Body: Buffer.concat([big, small]) }));
    expect(done.ChecksumCRC32).toBe(server.bucket("plain").current("whole")?.checksum?.value);
  });

  test("completion is conditional too", async () => {
    await s3.send(new PutObjectCommand({ ...at, Body: "taken" }));
    const upload = await begin();
    const one = await part(upload, 1, small);
    await expect(complete(upload, [one], { IfNoneMatch: "*" })).rejects.toThrowError(named("PreconditionFailed"));
    expect(await text("plain", "m")).toBe("taken");
    await complete(upload, [one]);
  });
});

describe("listing", () => {
  const list = (more: object = {}) => s3.send(new ListObjectsV2Command({ Bucket: "plain", ...more }));
  const KEYS = ["a", "b/1", "b/2", "b/c/3", "d", "e/", "é", "🙂"];
  beforeEach(async () => {
    for (const Key of KEYS) await s3.send(new PutObjectCommand({ Bucket: "plain", Key, Body: Key }));
  });

  test.each([1, 2, 3, 7, 8, 1000])("pages of %i give every key once, in order", async (MaxKeys) => {
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    let pages = 0;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ MaxKeys, ContinuationToken });
      expect(page.KeyCount).toBeLessThanOrEqual(MaxKeys);
      found.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ""));
      ContinuationToken = page.NextContinuationToken;
      expect(page.IsTruncated).toBe(ContinuationToken !== undefined);
      pages += 1;
    } while (ContinuationToken !== undefined);
    expect(found).toEqual(KEYS);
    expect(pages).toBe(Math.ceil(KEYS.length / MaxKeys));
  });

  test.each([1, 2, 1000])("rolls up by delimiter, %i a page", async (MaxKeys) => {
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ MaxKeys, ContinuationToken, Delimiter: "/" });
      found.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ""));
      found.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ""));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(found.toSorted()).toEqual(["a", "b/", "d", "e/", "é", "🙂"].toSorted());
  });

  test("prefix, start-after, url encoding and max-keys 0", async () => {
    expect((await list({ Prefix: "b/", Delimiter: "/" })).CommonPrefixes).toEqual([{ Prefix: "b/c/" }]);
    expect((await list({ StartAfter: "b/2" })).Contents?.map(({ Key }) => Key)).toEqual(KEYS.slice(3));
    expect((await list({ EncodingType: "url", Prefix: "é" })).Contents?.map(({ Key }) => Key)).toEqual(["%C3%A9"]);
    expect(await list({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });
});

test("DeleteObjects reports each key, also those it may not delete", async () => {
  const lock = { ObjectLockMode: "COMPLIANCE" as const, ObjectLockRetainUntilDate: new Date(Date.now() + HOUR) };
  const kept = await s3.send(new PutObjectCommand({ Bucket: "locked", Key: "kept", Body: "x", ...lock }));
  const free = await s3.send(new PutObjectCommand({ Bucket: "locked", Key: "free & <odd>", Body: "x" }));
  const Objects = [
    { Key: "kept", VersionId: kept.VersionId },
    { Key: "free & <odd>", VersionId: free.VersionId },
    { Key: "never" },
  ];
  const answer = await s3.send(new DeleteObjectsCommand({ Bucket: "locked", Delete: { Objects } }));
  expect(answer.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([["kept", "AccessDenied"]]);
  expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(["free & <odd>", "never"]);
  const quiet = await s3.send(new DeleteObjectsCommand({ Bucket: "locked", Delete: { Objects, Quiet: true } }));
  expect(quiet.Deleted ?? []).toEqual([]);
  expect(quiet.Errors).toHaveLength(1);
});
