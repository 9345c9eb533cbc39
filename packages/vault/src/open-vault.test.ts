import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { RunbackError } from "@runback/core";
import { describe, expect, test } from "vitest";
import { openVault } from "./open-vault.ts";
import { parseS3Url } from "./s3-url.ts";

const credentials = { accessKeyId: "a", secretAccessKey: "b" };

describe("openVault", () => {
  test.each([
    ["", "no URL"],
    ["vault", "a bare word"],
    ["/srv/vault", "a path"],
    ["gs://bucket/prefix", "another scheme"],
    ["https://bucket.s3.amazonaws.com/", "https"],
    ["file://data/vault", "two slashes only"],
    ["file:///srv/vault?x=1", "a parameter"],
    ["file:///srv/a%2Fb", "an encoded slash"],
    ["s3://", "no bucket"],
    ["s3://x", "too short a bucket"],
    ["s3://bucket/a//b", "an empty segment"],
    ["s3://bucket/a%5Cb", "a backslash"],
    ["s3://bucket/a%00b", "NUL"],
    ["s3://bucket/%ff", "no UTF-8"],
    ["s3://bucket/p?bucket=x", "an unknown parameter"],
    ["s3://bucket/p?region=a&region=b", "a parameter twice"],
    ["s3://bucket/p?region=eu%20west", "no region"],
    ["s3://bucket/p?endpoint=ftp://x", "an ftp endpoint"],
    ["s3://bucket/p?endpoint=localhost", "an endpoint without scheme"],
    ["s3://bucket/p?endpoint=http://u:p4ssw0rd@h", "credentials in the endpoint"],
    ["s3://AKIA:p4ssw0rd@bucket/p", "credentials"],
    ["s3://bucket/p?forcePathStyle=yes", "no boolean"],
    ["s3://bucket/p?partBytes=5242879", "small parts"],
    ["s3://bucket/p#fragment", "a fragment"],
  ])("refuses %j (%s) without repeating it", async (url) => {
    const error = await openVault(url, { credentials }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RunbackError);
    expect(error).toMatchObject({ code: "VAULT_URL_INVALID", exit: 2 });
    expect((error as RunbackError).message).not.toContain("p4ssw0rd");
  });

  test("opens S3 without sending anything, and shows where it is without secrets", async () => {
    const url = "s3://my-bucket/team%20a/x/?endpoint=http://127.0.0.1:1&forcePathStyle=true";
    const vault = await openVault(url, { credentials });
    expect(vault.location).toBe("s3://my-bucket/team a/x");
    await vault.close();
    const root = await openVault("s3://my-bucket?region=eu-central-1", { credentials });
    expect(root.location).toBe("s3://my-bucket");
    await root.close();
  });

  test("makes the folder of a file URL, with its odd characters", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "runback-open-"));
    try {
      const url = pathToFileURL(join(scratch, "a b#c?d%e/é")).href;
      const vault = await openVault(url);
      await vault.put("k", Buffer.from("x"));
      expect(vault.location).toBe(url);
      expect((await (await openVault(url)).head("k"))?.bytes).toBe(1);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

test("parseS3Url reads every parameter", () => {
  const url = new URL(
    "s3://b-1.x/p/q?endpoint=https%3A%2F%2Fs3.example.com%3A9000&region=eu-central-1&forcePathStyle=false&partBytes=16777216",
  );
  expect(parseS3Url(url)).toEqual({
    bucket: "b-1.x",
    prefix: "p/q/",
    endpoint: "https://s3.example.com:9000",
    region: "eu-central-1",
    forcePathStyle: false,
    partBytes: 16_777_216,
  });
  expect(parseS3Url(new URL("s3://bucket"))).toEqual({ bucket: "bucket", prefix: "" });
  expect(parseS3Url(new URL("s3://bucket/a/../../b"))).toEqual({ bucket: "bucket", prefix: "b/" });
});
