import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunbackError, sha256 } from "@runback/core";
import {
  type BundleFiles,
  readBundle,
  rowDigestsName,
  verifyBundle,
  writeBundle,
  writeBundleFolder,
} from "@runback/vault";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type OpenStore, STORES } from "./stores.ts";

function code(expected: string) {
  return expect.objectContaining({ name: "RunbackError", code: expected });
}

const FILES: BundleFiles = new Map([
  ["migration-report.json", Buffer.from('{"runId":"r1"}')],
  ["id-map.json", Buffer.from("{}")],
  [rowDigestsName("Member"), Buffer.from("[]")],
  [rowDigestsName("odd/table"), Buffer.from("[1]")],
]);
const NAMES = ["id-map.json", "migration-report.json", "row-digests/Member.json", "row-digests/odd%2Ftable.json"];

describe.each(STORES)("bundle in $name", (store) => {
  let open: OpenStore;
  beforeEach(async () => {
    open = await store.open();
  });
  afterEach(async () => {
    await open.close();
  });
  const verify = async () => verifyBundle(await readBundle({ vault: open.vault, prefix: "bundles/r1" }));

  test("is written, read and verified", async () => {
    const written = await writeBundle(open.vault, "bundles/r1", FILES);
    expect(written.files.map(({ name }) => name)).toEqual(NAMES);
    expect(await verify()).toEqual({
      sha256: written.sha256,
      files: NAMES.map((name) => ({ name, ok: true })),
      missing: [],
      extra: [],
      ok: true,
    });
    const source = await readBundle({ vault: open.vault, prefix: "bundles/r1" });
    expect(sha256(await source.read("SHA256SUMS", 10_000))).toBe(written.sha256);
    expect(Buffer.from(await source.read("migration-report.json", 100)).toString()).toBe('{"runId":"r1"}');
    await expect(source.read("migration-report.json", 5)).rejects.toThrowError(code("VAULT_TOO_LARGE"));
    await expect(source.read("nothing", 5)).rejects.toThrowError(code("VAULT_NOT_FOUND"));
    await expect(source.read("../r2/id-map.json", 5)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
  });

  test("the same content again is fine, other content is refused and changes nothing", async () => {
    const first = await writeBundle(open.vault, "bundles/r1", FILES);
    expect(await writeBundle(open.vault, "bundles/r1", FILES)).toEqual(first);
    const other = new Map([...FILES, ["id-map.json", Buffer.from('{"a":1}')]]);
    await expect(writeBundle(open.vault, "bundles/r1", other)).rejects.toThrowError(code("VAULT_EXISTS"));
    const more = new Map([...FILES, ["policy-bundle.json", Buffer.from("{}")]]);
    await expect(writeBundle(open.vault, "bundles/r1", more)).rejects.toThrowError(code("VAULT_EXISTS"));
    expect(await verify()).toMatchObject({ sha256: first.sha256, ok: true, extra: [] });
    await open.vault.delete("bundles/r1/id-map.json");
    expect(await writeBundle(open.vault, "bundles/r1", FILES)).toEqual(first);
    expect((await verify()).ok).toBe(true);
  });

  test("an interrupted write is visibly incomplete and can be repeated", async () => {
    const interrupted: BundleFiles = new Map([
      ...FILES,
      [
        "row-digests/zzz.json",
        () => {
          throw new Error("killed");
        },
      ],
    ]);
    await expect(writeBundle(open.vault, "bundles/r1", interrupted)).rejects.toThrowError("killed");
    expect(await verify()).toEqual({ sha256: null, files: [], missing: ["SHA256SUMS"], extra: NAMES, ok: false });
    await writeBundle(open.vault, "bundles/r1", FILES);
    expect((await verify()).ok).toBe(true);
  });

  test("large files come as streams that can be started again", async () => {
    const body = randomBytes(9 * 1024 * 1024);
    const files: BundleFiles = new Map([
      [
        "row-digests/big.json",
        async function* () {
          yield body;
        },
      ],
    ]);
    const first = await writeBundle(open.vault, "bundles/r1", files);
    expect(first.files).toEqual([{ name: "row-digests/big.json", sha256: sha256(body), bytes: body.byteLength }]);
    expect(await writeBundle(open.vault, "bundles/r1", files)).toEqual(first);
    expect((await verify()).ok).toBe(true);
  });

  test.each([
    [
      "a changed byte",
      "id-map.json",
      "{ ",
      { name: "id-map.json", ok: false, reason: "its content differs from its hash" },
    ],
    [
      "an emptied file",
      "id-map.json",
      "",
      { name: "id-map.json", ok: false, reason: "its content differs from its hash" },
    ],
  ])("%s is found", async (_, name, content, result) => {
    await writeBundle(open.vault, "bundles/r1", FILES);
    await open.vault.put(`bundles/r1/${name}`, Buffer.from(content));
    const found = await verify();
    expect(found.ok).toBe(false);
    expect(found.files.filter(({ ok }) => !ok)).toEqual([result]);
  });

  test("a deleted file is missing; a planted policy fails; a report saved beside it does not", async () => {
    await writeBundle(open.vault, "bundles/r1", FILES);
    await open.vault.put("bundles/r1/verification-report.md", Buffer.from("# fine"));
    expect(await verify()).toMatchObject({ ok: true, extra: ["verification-report.md"] });
    await open.vault.put("bundles/r1/policy-bundle.json", Buffer.from("{}"));
    expect(await verify()).toMatchObject({ ok: false, extra: ["policy-bundle.json", "verification-report.md"] });
    await open.vault.delete("bundles/r1/policy-bundle.json");
    await open.vault.delete("bundles/r1/id-map.json");
    expect(await verify()).toMatchObject({ ok: false, missing: ["id-map.json"] });
  });

  test("a SHA256SUMS that is forged, malformed or leads outside fails", async () => {
    await writeBundle(open.vault, "bundles/r1", FILES);
    await open.vault.put("secret", Buffer.from("x"));
    const sums = async (text: string) => {
      await open.vault.put("bundles/r1/SHA256SUMS", Buffer.from(text));
      return await verify();
    };
    const outside = await sums(`${sha256("x")}  ../../secret\n`);
    expect(outside.ok).toBe(false);
    expect(outside.files[0]).toMatchObject({ name: "../../secret", ok: false });
    expect((await sums("")).ok).toBe(false);
    expect((await sums("not a sum\n")).files).toMatchObject([{ name: "SHA256SUMS", ok: false }]);
    const onlyMap = await sums(`${sha256("{}")}  id-map.json\n`);
    expect(onlyMap.ok).toBe(false);
    expect(onlyMap.extra).toContain("migration-report.json");
  });

  test.each(["../evil", "/etc/passwd", "a//b", "a\\b", "a\nb", ""])(
    "the name %j is refused, nothing written",
    async (name) => {
      const files = new Map([...FILES, [name, Buffer.from("x")]]);
      await expect(writeBundle(open.vault, "bundles/r1", files)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
      await expect(readBundle({ vault: open.vault, prefix: "bundles/r1" })).rejects.toThrowError(
        code("BUNDLE_NOT_FOUND"),
      );
    },
  );

  test.each([["SHA256SUMS"], ["SHA256SUMS/x"], ["id-map.json/x"]])("the name %j is refused too", async (name) => {
    const files = new Map([...FILES, [name, Buffer.from("x")]]);
    await expect(writeBundle(open.vault, "bundles/r1", files)).rejects.toThrowError(code("BUNDLE_NAME_REFUSED"));
    await expect(writeBundle(open.vault, "../bundles", FILES)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
    await expect(readBundle({ vault: open.vault, prefix: "../bundles" })).rejects.toThrowError(
      code("VAULT_KEY_INVALID"),
    );
  });
});

describe("bundle as a folder", () => {
  let parent: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "runback-bundle-"));
  });
  afterEach(async () => {
    await rm(parent, { recursive: true });
  });

  test("is what sha256sum accepts, in a folder that was missing or empty", async () => {
    for (const folder of [join(parent, "deep/new"), join(parent, "empty")]) {
      await mkdir(join(parent, "empty"), { recursive: true });
      const written = await writeBundleFolder(folder, FILES);
      const found = await verifyBundle(await readBundle(folder));
      expect(found).toMatchObject({ ok: true, sha256: written.sha256 });
      expect((await readdir(folder)).sort()).toEqual([
        "SHA256SUMS",
        "id-map.json",
        "migration-report.json",
        "row-digests",
      ]);
      const sums = await readFile(join(folder, "SHA256SUMS"), "utf8");
      for (const line of sums.trimEnd().split("\n")) {
        expect(sha256(await readFile(join(folder, line.slice(66))))).toBe(line.slice(0, 64));
      }
    }
    expect((await readdir(parent)).sort()).toEqual(["deep", "empty"]);
  });

  test.runIf(process.platform === "linux")("passes sha256sum -c", async () => {
    const folder = join(parent, "b");
    await writeBundleFolder(folder, FILES);
    const output = execFileSync("sha256sum", ["-c", "--strict", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
    expect(output.match(/: OK$/gm)).toHaveLength(NAMES.length);
  });

  test("equals the bundle in a vault", async () => {
    const open = await STORES[0]!.open();
    try {
      const inVault = await writeBundle(open.vault, "bundles/r1", FILES);
      expect(await writeBundleFolder(join(parent, "b"), FILES)).toEqual(inVault);
    } finally {
      await open.close();
    }
  });

  test("the same again is fine; anything else there is refused and left alone", async () => {
    const folder = join(parent, "b");
    const first = await writeBundleFolder(folder, FILES);
    const before = (await stat(join(folder, "id-map.json"))).mtimeMs;
    expect(await writeBundleFolder(folder, FILES)).toEqual(first);
    expect((await stat(join(folder, "id-map.json"))).mtimeMs).toBe(before);
    const other = new Map([["id-map.json", Buffer.from("other")]]);
    await expect(writeBundleFolder(folder, other)).rejects.toThrowError(code("VAULT_EXISTS"));
    await mkdir(join(parent, "mine"));
    await writeFile(join(parent, "mine/notes.txt"), "mine");
    await expect(writeBundleFolder(join(parent, "mine"), FILES)).rejects.toThrowError(code("VAULT_EXISTS"));
    await writeFile(join(parent, "file"), "mine");
    await expect(writeBundleFolder(join(parent, "file"), FILES)).rejects.toThrowError(code("VAULT_EXISTS"));
    expect(await readFile(join(parent, "file"), "utf8")).toBe("mine");
    expect((await verifyBundle(await readBundle(folder))).ok).toBe(true);
    expect((await readdir(parent)).sort()).toEqual(["b", "file", "mine"]);
  });

  test("a failed write leaves no folder behind", async () => {
    const failing: BundleFiles = new Map([
      [
        "id-map.json",
        () => {
          throw new Error("broken");
        },
      ],
    ]);
    await expect(writeBundleFolder(join(parent, "b"), failing)).rejects.toThrowError("broken");
    expect(await readdir(parent)).toEqual([]);
  });

  test("a link inside a bundle is not followed; a link to the bundle is", async () => {
    const folder = join(parent, "b");
    await writeBundleFolder(folder, FILES);
    await symlink(folder, join(parent, "latest"));
    expect((await verifyBundle(await readBundle(join(parent, "latest")))).ok).toBe(true);
    const outside = join(parent, "outside.json");
    await writeFile(outside, "{}");
    await rm(join(folder, "id-map.json"));
    await symlink(outside, join(folder, "id-map.json"));
    const found = await verifyBundle(await readBundle(folder));
    expect(found.ok).toBe(false);
    expect(found.files[0]).toMatchObject({ name: "id-map.json", ok: false });
    await expect((await readBundle(folder)).read("id-map.json", 10)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
  });

  test("a missing folder is BUNDLE_NOT_FOUND with exit 2, and is not made", async () => {
    await writeFile(join(parent, "file"), "x");
    for (const path of ["nowhere", "file", "file/below"]) {
      const error = await readBundle(join(parent, path)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RunbackError);
      expect(error).toMatchObject({ code: "BUNDLE_NOT_FOUND", exit: 2, status: 404 });
    }
    expect(await readdir(parent)).toEqual(["file"]);
  });
});
