import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { base64, exchange, type RawRequest, send } from "./client.ts";
import { type S3Server, startS3Server } from "./server.ts";

const CREDENTIALS = { accessKeyId: "AKID1", secretAccessKey: "secret-one" };
const TEMPORARY = { accessKeyId: "ASIA2", secretAccessKey: "secret-two", sessionToken: "token" };
const MINUTE = 60_000;

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({
    buckets: [{ name: "plain" }, { name: "locked", objectLock: true }],
    credentials: [CREDENTIALS, TEMPORARY],
  });
});
afterAll(async () => {
  await server.close();
});

const call = (options: RawRequest) => send(server.endpoint, CREDENTIALS, options);
const put = (options: Omit<RawRequest, "path" | "method">) => call({ method: "PUT", path: "/plain/new", ...options });

describe("a good request passes, so that the bad ones fail for their one fault", () => {
  test("header, temporary credentials, presigned", async () => {
    expect((await put({ body: "x" })).status).toBe(200);
    expect((await put({ body: "x", credentials: TEMPORARY })).status).toBe(200);
    const presigned = await call({ path: "/plain/new", presign: 60 });
    expect(presigned).toMatchObject({ status: 200, body: "x" });
    expect((await call({ method: "PUT", path: "/plain/ü b+c/(1)*'!~", presign: 60, body: "y" })).status).toBe(200);
    expect((await call({ path: "/plain/ü b+c/(1)*'!~", query: { "x-id": "a b&c=d/é+~" } })).body).toBe("y");
  });
});

describe("authentication", () => {
  test.each<[string, Partial<RawRequest>, number, string]>([
    ["no authentication", { anonymous: true }, 403, "AccessDenied"],
    ["an unknown key", { credentials: { accessKeyId: "AKID9", secretAccessKey: "x" } }, 403, "InvalidAccessKeyId"],
    ["another secret", { credentials: { ...CREDENTIALS, secretAccessKey: "x" } }, 403, "SignatureDoesNotMatch"],
    [
      "a changed signature",
      { signature: (right) => right.replace(/./, (c) => (c === "a" ? "b" : "a")) },
      403,
      "SignatureDoesNotMatch",
    ],
    ["a short signature", { signature: () => "abc" }, 400, "AuthorizationHeaderMalformed"],
    ["another region", { region: "eu-west-1" }, 400, "AuthorizationHeaderMalformed"],
    ["another service", { service: "ec2" }, 400, "AuthorizationHeaderMalformed"],
    ["another day in the scope", { scopeDate: "20200101" }, 400, "AuthorizationHeaderMalformed"],
    ["a clock 16 minutes slow", { date: new Date(Date.now() - 16 * MINUTE) }, 403, "RequestTimeTooSkewed"],
    ["a clock 16 minutes fast", { date: new Date(Date.now() + 16 * MINUTE) }, 403, "RequestTimeTooSkewed"],
    ["no payload hash", { payloadHash: null }, 400, "InvalidRequest"],
    ["an unsigned amz header", { headers: { "x-amz-meta-a": "b" }, unsigned: ["x-amz-meta-a"] }, 403, "AccessDenied"],
    ["an unsigned host", { unsigned: ["host"] }, 403, "AccessDenied"],
    ["a missing session token", { credentials: { ...TEMPORARY, sessionToken: "other" } }, 400, "InvalidToken"],
    ["a token nobody gave", { credentials: { ...CREDENTIALS, sessionToken: "token" } }, 400, "InvalidToken"],
  ])("%s", async (_, spoiled, status, code) => {
    expect(await call({ path: "/plain/new", ...spoiled })).toMatchObject({ status, code });
  });

  test("14 minutes of skew are allowed", async () => {
    expect((await put({ body: "x", date: new Date(Date.now() - 14 * MINUTE) })).status).toBe(200);
  });

  test("a replayed signature does not fit another method, path, query or header", async () => {
    const signed = { "x-amz-date": "", "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
    let signature = "";
    const date = new Date();
    const base = { path: "/plain/new", payloadHash: "UNSIGNED-PAYLOAD", date } as const;
    await call({ ...base, signature: (right) => (signature = right) });
    signed["x-amz-date"] = date.toISOString().replace(/[-:]|\.\d+/g, "");
    const authorization = `AWS4-HMAC-SHA256 Credential=AKID1/${signed["x-amz-date"].slice(0, 8)}/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${signature}`;
    const headers = { host: new URL(server.endpoint).host, ...signed, authorization };
    const replay = (method: string, path: string, more = {}) =>
      exchange(server.endpoint, method, path, { ...headers, ...more }, Buffer.alloc(0));
    expect((await replay("GET", "/plain/new")).status).toBe(200);
    expect((await replay("DELETE", "/plain/new")).code).toBe("SignatureDoesNotMatch");
    expect((await replay("GET", "/plain/old")).code).toBe("SignatureDoesNotMatch");
    expect((await replay("GET", "/plain/new?versionId=null")).code).toBe("SignatureDoesNotMatch");
    expect((await replay("GET", "/plain/new", { host: "elsewhere" })).code).toBe("SignatureDoesNotMatch");
  });
});

describe("presigned URLs", () => {
  test.each<[string, Partial<RawRequest>, number, string]>([
    ["expired", { presign: 60, date: new Date(Date.now() - 61_000) }, 403, "AccessDenied"],
    ["not valid yet", { presign: 60, date: new Date(Date.now() + 16 * MINUTE) }, 403, "AccessDenied"],
    ["valid for more than a week", { presign: 604_801 }, 400, "AuthorizationQueryParametersError"],
    ["valid for a negative time", { presign: -1 }, 400, "AuthorizationQueryParametersError"],
    ["for another region", { presign: 60, region: "eu-west-1" }, 400, "AuthorizationQueryParametersError"],
    [
      "with a changed signature",
      { presign: 60, signature: (s) => s.replace(/./, (c) => (c === "a" ? "b" : "a")) },
      403,
      "SignatureDoesNotMatch",
    ],
    [
      "with a header that was not signed",
      { presign: 60, headers: { "x-amz-meta-a": "b" }, unsigned: ["x-amz-meta-a"] },
      403,
      "AccessDenied",
    ],
    [
      "beside an Authorization header",
      { presign: 60, headers: { authorization: "x" }, unsigned: ["authorization"] },
      400,
      "InvalidArgument",
    ],
  ])("%s", async (_, spoiled, status, code) => {
    expect(await call({ path: "/plain/new", ...spoiled })).toMatchObject({ status, code });
  });

  test("an old one still valid passes, whatever the clock says", async () => {
    await put({ body: "x" });
    const hourAgo = new Date(Date.now() - 60 * MINUTE);
    expect((await call({ path: "/plain/new", presign: 3700, date: hourAgo })).status).toBe(200);
  });
});

describe("payload", () => {
  beforeEach(async () => {
    await call({ method: "DELETE", path: "/plain/new" });
  });

  test.each<[string, Omit<RawRequest, "path">, number, string]>([
    ["another hash", { body: "x", payloadHash: "0".repeat(64) }, 400, "XAmzContentSHA256Mismatch"],
    ["no hash at all", { body: "x", payloadHash: "hello" }, 400, "InvalidArgument"],
    ["a wrong Content-MD5", { body: "x", headers: { "content-md5": base64("md5", "y") } }, 400, "BadDigest"],
    ["a malformed Content-MD5", { body: "x", headers: { "content-md5": "abc" } }, 400, "InvalidDigest"],
    ["a wrong SHA-256", { body: "x", headers: { "x-amz-checksum-sha256": base64("sha256", "y") } }, 400, "BadDigest"],
    ["a malformed SHA-256", { body: "x", headers: { "x-amz-checksum-sha256": "abc" } }, 400, "InvalidRequest"],
    ["a wrong CRC32", { body: "x", headers: { "x-amz-checksum-crc32": "AAAAAA==" } }, 400, "BadDigest"],
    ["a wrong CRC32C", { body: "x", headers: { "x-amz-checksum-crc32c": "AAAAAA==" } }, 400, "BadDigest"],
    ["a wrong CRC64", { body: "x", headers: { "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" } }, 400, "BadDigest"],
    ["a wrong SHA-1", { body: "x", headers: { "x-amz-checksum-sha1": base64("sha1", "y") } }, 400, "BadDigest"],
    [
      "two checksums",
      {
        body: "x",
        headers: { "x-amz-checksum-sha1": base64("sha1", "x"), "x-amz-checksum-sha256": base64("sha256", "x") },
      },
      400,
      "InvalidRequest",
    ],
    [
      "an announced checksum that is not there",
      { body: "x", headers: { "x-amz-sdk-checksum-algorithm": "CRC32" } },
      400,
      "InvalidRequest",
    ],
    [
      "chunked transfer without length",
      { body: "x", headers: { "transfer-encoding": "chunked" }, unsigned: ["transfer-encoding"] },
      501,
      "NotImplemented",
    ],
    ["a header nobody knows", { body: "x", headers: { "x-amz-grant-read": "everybody" } }, 501, "NotImplemented"],
    [
      "an unknown storage class",
      { body: "x", headers: { "x-amz-storage-class": "SHELF" } },
      400,
      "InvalidStorageClass",
    ],
    ["too much metadata", { body: "x", headers: { "x-amz-meta-a": "b".repeat(2048) } }, 400, "MetadataTooLarge"],
    ["If-None-Match with an ETag", { body: "x", headers: { "if-none-match": '"abc"' } }, 501, "NotImplemented"],
    ["If-Match on nothing", { body: "x", headers: { "if-match": '"abc"' } }, 404, "NoSuchKey"],
    [
      "a lock where there is none",
      { body: "x", headers: { "x-amz-object-lock-legal-hold": "ON", "content-md5": base64("md5", "x") } },
      400,
      "InvalidRequest",
    ],
  ])("%s is refused and nothing is stored", async (_, spoiled, status, code) => {
    expect(await put(spoiled)).toMatchObject({ status, code });
    expect(server.bucket("plain").current("new")).toBeUndefined();
  });

  test("a body without a length is refused", async () => {
    const answer = await call({ method: "POST", path: "/plain", query: { delete: "" }, body: "<Delete/>" });
    expect(answer.code).toBe("InvalidRequest");
    const { hostname, port } = new URL(server.endpoint);
    const { connect } = await import("node:net");
    const reply = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write("PUT /plain/new HTTP/1.1\r\nHost: h\r\n\r\n"));
      socket.once("data", (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.once("error", reject);
    });
    expect(reply).toMatch(/^HTTP\/1\.1 411 /);
    expect(reply).toContain("<Code>MissingContentLength</Code>");
  });

  test("a key over 1,024 bytes", async () => {
    expect((await put({ body: "x" })).status).toBe(200);
    expect(await call({ method: "PUT", path: `/plain/${"k".repeat(1025)}`, body: "x" })).toMatchObject({
      code: "KeyTooLongError",
    });
    expect((await call({ method: "PUT", path: `/plain/${"k".repeat(1024)}`, body: "x" })).status).toBe(200);
  });
});

describe("unsigned chunks with a trailer", () => {
  const crc = { name: "x-amz-checksum-crc32", value: "y/Q5Jg==" };
  const body = "123456789";
  const streamed = (frames: string, more: Record<string, string> = {}) =>
    put({
      payloadHash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      headers: {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "9",
        "x-amz-trailer": crc.name,
        ...more,
      },
      frame: () => Buffer.from(frames),
    });

  test("is stored when the trailer holds", async () => {
    const answer = await streamed(`9\r\n${body}\r\n0\r\n${crc.name}:${crc.value}\r\n\r\n`);
    expect(answer).toMatchObject({ status: 200, headers: { [crc.name]: crc.value } });
    expect((await call({ path: "/plain/new" })).body).toBe(body);
  });

  test.each([
    ["a wrong checksum", `9\r\n${body}\r\n0\r\n${crc.name}:AAAAAA==\r\n\r\n`, {}, "BadDigest"],
    ["no trailer", `9\r\n${body}\r\n0\r\n\r\n`, {}, "MalformedTrailerError"],
    ["another trailer", `9\r\n${body}\r\n0\r\nx-amz-checksum-sha1:abc\r\n\r\n`, {}, "MalformedTrailerError"],
    ["a line without name", `9\r\n${body}\r\n0\r\nnonsense\r\n\r\n`, {}, "MalformedTrailerError"],
    ["no last chunk", `9\r\n${body}\r\n`, {}, "IncompleteBody"],
    ["a chunk shorter than it says", `a\r\n${body}\r\n0\r\n${crc.name}:${crc.value}\r\n\r\n`, {}, "IncompleteBody"],
    [
      "another length than announced",
      `9\r\n${body}\r\n0\r\n${crc.name}:${crc.value}\r\n\r\n`,
      { "x-amz-decoded-content-length": "10" },
      "IncompleteBody",
    ],
    [
      "a small chunk in the middle",
      `4\r\n1234\r\n5\r\n56789\r\n0\r\n${crc.name}:${crc.value}\r\n\r\n`,
      {},
      "InvalidChunkSizeError",
    ],
    [
      "chunk signatures nobody announced",
      `9;chunk-signature=${"0".repeat(64)}\r\n${body}\r\n0\r\n`,
      {},
      "IncompleteBody",
    ],
    [
      "a trailer of another kind",
      `9\r\n${body}\r\n0\r\nx-amz-meta-a:b\r\n\r\n`,
      { "x-amz-trailer": "x-amz-meta-a" },
      "InvalidRequest",
    ],
  ])("%s is refused", async (_, frames, more, code) => {
    await call({ method: "DELETE", path: "/plain/new" });
    expect((await streamed(frames, more)).code).toBe(code);
    expect(server.bucket("plain").current("new")).toBeUndefined();
  });

  test("aws-chunked needs a streaming hash", async () => {
    const answer = await put({ body: "9\r\n", headers: { "content-encoding": "aws-chunked" } });
    expect(answer.code).toBe("InvalidRequest");
  });
});

describe("requests", () => {
  test.each<[string, RawRequest, number, string]>([
    ["a missing bucket", { path: "/nowhere/a" }, 404, "NoSuchBucket"],
    ["a missing key", { path: "/plain/nothing" }, 404, "NoSuchKey"],
    ["a missing version", { path: "/plain/nothing", query: { versionId: "abc" } }, 404, "NoSuchVersion"],
    ["an unknown method", { method: "PATCH", path: "/plain/a" }, 405, "MethodNotAllowed"],
    ["an operation not offered", { path: "/plain", query: { policy: "" } }, 501, "NotImplemented"],
    ["an object's acl", { path: "/plain/a", query: { acl: "" } }, 501, "NotImplemented"],
    ["the old listing", { path: "/plain" }, 501, "NotImplemented"],
    ["a third listing", { path: "/plain", query: { "list-type": "3" } }, 400, "InvalidArgument"],
    [
      "max-keys that are no number",
      { path: "/plain", query: { "list-type": "2", "max-keys": "x" } },
      400,
      "InvalidArgument",
    ],
    [
      "a forged token",
      { path: "/plain", query: { "list-type": "2", "continuation-token": "abc" } },
      400,
      "InvalidArgument",
    ],
    [
      "an unknown upload",
      { method: "PUT", path: "/plain/a", query: { uploadId: "x", partNumber: "1" }, body: "x" },
      404,
      "NoSuchUpload",
    ],
    [
      "an unknown algorithm",
      { method: "POST", path: "/plain/a", query: { uploads: "" }, headers: { "x-amz-checksum-algorithm": "MD5" } },
      400,
      "InvalidRequest",
    ],
    [
      "a whole-object SHA-256",
      {
        method: "POST",
        path: "/plain/a",
        query: { uploads: "" },
        headers: { "x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-type": "FULL_OBJECT" },
      },
      400,
      "InvalidRequest",
    ],
  ])("%s", async (_, options, status, code) => {
    expect(await call(options)).toMatchObject({ status, code });
  });

  test("DeleteObjects without a checksum, malformed, or of too many keys", async () => {
    const remove = (body: string, headers: Record<string, string> = { "content-md5": base64("md5", body) }) =>
      call({ method: "POST", path: "/plain", query: { delete: "" }, body, headers });
    const many = (count: number) => `<Delete>${"<Object><Key>k</Key></Object>".repeat(count)}</Delete>`;
    expect((await remove(many(1), {})).code).toBe("InvalidRequest");
    expect((await remove("<Delete>")).code).toBe("MalformedXML");
    expect((await remove("<Delete></Delete>")).code).toBe("MalformedXML");
    expect((await remove('<!DOCTYPE x [<!ENTITY e "x">]><Delete><Object><Key>&e;</Key></Object></Delete>')).code).toBe(
      "MalformedXML",
    );
    expect((await remove(many(1001))).code).toBe("MalformedXML");
    expect((await remove(many(1000))).status).toBe(200);
  });

  test("a locked put without a checksum, half a lock, or a lock in the past", async () => {
    const until = new Date(Date.now() + 60 * MINUTE).toISOString();
    const lock = (headers: Record<string, string>) =>
      call({ method: "PUT", path: "/locked/a", body: randomBytes(8), headers });
    const body = "x";
    const checked = (headers: Record<string, string>) =>
      call({ method: "PUT", path: "/locked/a", body, headers: { "content-md5": base64("md5", body), ...headers } });
    const full = { "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": until };
    expect((await lock(full)).code).toBe("InvalidRequest");
    expect((await checked({ "x-amz-object-lock-mode": "COMPLIANCE" })).code).toBe("InvalidArgument");
    expect((await checked({ ...full, "x-amz-object-lock-mode": "FOREVER" })).code).toBe("InvalidArgument");
    expect((await checked({ ...full, "x-amz-object-lock-retain-until-date": "2020-01-01T00:00:00Z" })).code).toBe(
      "InvalidArgument",
    );
    expect(server.bucket("locked").current("a")).toBeUndefined();
    expect((await checked(full)).status).toBe(200);
  });
});
