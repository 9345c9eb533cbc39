import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exchange } from "./client.ts";
import { type S3Server, startS3Server } from "./server.ts";

/**
 * The worked examples of "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference: same key, date, host and
 * signatures. They hold this server to what AWS computes, not to what our own client does.
 */
const SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
const HOST = "examplebucket.s3.amazonaws.com";
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({
    buckets: [{ name: "examplebucket" }],
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    now: () => new Date("2013-05-24T00:00:00Z"),
  });
});
afterAll(async () => {
  await server.close();
});

function authorization(signedHeaders: string, signature: string): string {
  return `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

async function call(method: string, path: string, headers: Record<string, string>, body = "") {
  return await exchange(server.endpoint, method, path, { host: HOST, ...headers }, Buffer.from(body));
}

const date = { "x-amz-date": "20130524T000000Z" };

describe("signature in the Authorization header", () => {
  test("GET object with a range", async () => {
    const right = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    const headers = { ...date, range: "bytes=0-9", "x-amz-content-sha256": EMPTY };
    const signed = "host;range;x-amz-content-sha256;x-amz-date";
    const good = await call("GET", "/test.txt", { ...headers, authorization: authorization(signed, right) });
    expect(good.code).toBe("NoSuchKey");
    const bad = right.replace("f0", "f1");
    const forged = await call("GET", "/test.txt", { ...headers, authorization: authorization(signed, bad) });
    expect(forged.code).toBe("SignatureDoesNotMatch");
    const changed = await call("GET", "/test.txt", {
      ...headers,
      range: "bytes=0-10",
      authorization: authorization(signed, right),
    });
    expect(changed.code).toBe("SignatureDoesNotMatch");
  });

  test("PUT object", async () => {
    const answer = await call(
      "PUT",
      "/test%24file.text",
      {
        ...date,
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        authorization: authorization(
          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
      },
      "Welcome to Amazon S3.",
    );
    expect(answer.status).toBe(200);
    expect(server.bucket("examplebucket").current("test$file.text")?.bytes).toBe(21);
  });
});

describe("signature in the query", () => {
  const query = (signature: string, expires = "86400") =>
    `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${SCOPE.replaceAll("/", "%2F")}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}`;
  const right = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

  test("presigned GET", async () => {
    expect((await call("GET", query(right), {})).code).toBe("NoSuchKey");
    expect((await call("GET", query(right, "86401"), {})).code).toBe("SignatureDoesNotMatch");
    expect((await call("HEAD", query(right), {})).status).toBe(403);
  });
});

interface Example {
  readonly seed: string;
  /** Size and signature of each chunk of the letter a. */
  readonly chunks: readonly (readonly [number, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly signed: string;
  readonly trailer: string;
}

const PLAIN: Example = {
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
  chunks: [
    [65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"],
    [1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"],
    [0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"],
  ],
  headers: { "content-length": "66824", "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" },
  signed:
    "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
  trailer: "\r\n",
};

const WITH_TRAILER: Example = {
  seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
  chunks: [
    [65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"],
    [1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"],
    [0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"],
  ],
  headers: {
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "x-amz-trailer": "x-amz-checksum-crc32c",
  },
  signed:
    "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
  trailer:
    "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
};

function framed({ chunks, trailer }: Example): string {
  const frames = chunks.map(
    ([size, signature]) =>
      `${size.toString(16)};chunk-signature=${signature}\r\n${size > 0 ? `${"a".repeat(size)}\r\n` : ""}`,
  );
  return frames.join("") + trailer;
}

async function put(example: Example, body = framed(example), seed = example.seed) {
  const headers = {
    host: "s3.amazonaws.com",
    ...date,
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    ...example.headers,
    authorization: authorization(example.signed, seed),
  };
  return await exchange(server.endpoint, "PUT", "/examplebucket/chunkObject.txt", headers, Buffer.from(body));
}

const other = (hex: string) => hex.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));

describe.each([
  ["signature of chunks", PLAIN],
  ["signature of chunks and of a trailer", WITH_TRAILER],
])("%s", (_, example) => {
  test("the example is stored", async () => {
    expect((await put(example)).status).toBe(200);
    const stored = server.bucket("examplebucket").current("chunkObject.txt");
    expect(Buffer.concat(stored?.body ?? []).toString()).toBe("a".repeat(66_560));
    expect(stored?.contentEncoding).toBeUndefined();
  });

  test("any other signature, and any other byte, is not", async () => {
    const body = framed(example);
    expect((await put(example, body, other(example.seed))).code).toBe("SignatureDoesNotMatch");
    for (const [, signature] of example.chunks) {
      expect((await put(example, body.replace(signature, other(signature)))).code).toBe("SignatureDoesNotMatch");
    }
    expect((await put(example, body.replace("aaaa", "aaba"))).code).toBe("SignatureDoesNotMatch");
  });
});

test("a trailer must be there, as announced and as signed", async () => {
  const body = framed(WITH_TRAILER);
  const signature = /trailer-signature:(.{64})/.exec(WITH_TRAILER.trailer)?.[1] ?? "";
  const code = async (changed: string) => (await put(WITH_TRAILER, changed)).code;
  expect(await code(body.replace(signature, other(signature)))).toBe("SignatureDoesNotMatch");
  expect(await code(body.replace("sOO8/Q==", "sOO8/A=="))).toBe("SignatureDoesNotMatch");
  expect(await code(body.replace(/x-amz-trailer-signature.*\r\n/, ""))).toBe("SignatureDoesNotMatch");
  expect(await code(body.replace(WITH_TRAILER.trailer, "\r\n"))).toBe("MalformedTrailerError");
  expect(await code(body.replace("x-amz-checksum-crc32c", "x-amz-checksum-crc32"))).toBe("MalformedTrailerError");
  expect(await code(body.slice(0, -WITH_TRAILER.trailer.length - 300))).toBe("IncompleteBody");
});
