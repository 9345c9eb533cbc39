import { expect, test } from "vitest";
import { type Algorithm, digest, verifyChecksums } from "./checksums.ts";

/** The check values that the CRC catalogue and the hash standards give for the nine bytes "123456789". */
const CHECK: Readonly<Record<Algorithm, string>> = {
  crc32: "cbf43926",
  crc32c: "e3069283",
  crc64nvme: "ae8b14860a799888",
  sha1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
  sha256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
};

test.each(Object.entries(CHECK) as [Algorithm, string][])("%s, whole and in chunks", (algorithm, expected) => {
  expect(digest(algorithm, [Buffer.from("123456789")]).toString("hex")).toBe(expected);
  expect(
    digest(
      algorithm,
      ["1", "2345", "", "6789"].map((part) => Buffer.from(part)),
    ).toString("hex"),
  ).toBe(expected);
});

test("of nothing", () => {
  expect(digest("crc32", []).toString("hex")).toBe("00000000");
  expect(digest("crc32c", []).toString("hex")).toBe("00000000");
  expect(digest("crc64nvme", []).toString("hex")).toBe("0000000000000000");
});

test("a right value is returned, none is none", () => {
  const value = Buffer.from(CHECK.crc32c, "hex").toString("base64");
  const body = [Buffer.from("123456789")];
  expect(verifyChecksums(new Map([["x-amz-checksum-crc32c", value]]), body)).toEqual({
    algorithm: "crc32c",
    value,
    type: "FULL_OBJECT",
  });
  expect(verifyChecksums(new Map(), body)).toBeUndefined();
});
