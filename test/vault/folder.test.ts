import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Vault } from "@runback/core";
import { openVault, readAll } from "@runback/vault";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestClock } from "./stores.ts";

let scratch: string;
let root: string;
let outside: string;
let vault: Vault;
const clock = new TestClock();

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "runback-folder-"));
  root = join(scratch, "vault");
  outside = join(scratch, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "secret"), "secret");
  vault = await openVault(pathToFileURL(root).href, { clock });
});
afterEach(async () => {
  await rm(scratch, { recursive: true });
});

function code(expected: string) {
  return expect.objectContaining({ name: "RunbackError", code: expected });
}

async function keys(prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of vault.list(prefix)) found.push(key);
  return found;
}

async function text(key: string): Promise<string> {
  return Buffer.from(await readAll(vault.get(key), 1000)).toString();
}

describe("symbolic links planted in the folder", () => {
  test("as a folder: nothing is read, written, listed or deleted through them", async () => {
    await symlink(outside, join(root, "link"));
    await mkdir(join(root, "deep"));
    await symlink(outside, join(root, "deep/link"));
    for (const key of ["link/secret", "deep/link/secret", "link/new/file"]) {
      await expect(text(key)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
      await expect(vault.put(key, Buffer.from("evil"))).rejects.toThrowError(code("VAULT_KEY_INVALID"));
      await expect(vault.head(key)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
      await expect(vault.delete(key)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
    }
    for (const prefix of ["link/", "link/sec", "deep/link/"]) expect(await keys(prefix)).toEqual([]);
    expect(await keys()).toEqual([]);
    expect(await readdir(outside)).toEqual(["secret"]);
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("secret");
  });

  test("as a file: neither followed nor replaced", async () => {
    await symlink(join(outside, "secret"), join(root, "link"));
    await symlink(join(outside, "not-yet"), join(root, "dangling"));
    for (const key of ["link", "dangling"]) {
      await expect(text(key)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
      await expect(vault.put(key, Buffer.from("evil"))).rejects.toThrowError(code("VAULT_KEY_INVALID"));
      await expect(vault.put(key, Buffer.from("evil"), { ifAbsent: true })).rejects.toThrowError(
        code("VAULT_KEY_INVALID"),
      );
      await expect(vault.delete(key)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
    }
    expect(await keys()).toEqual([]);
    expect(await readdir(outside)).toEqual(["secret"]);
  });

  test("the vault's own folder may be a link", async () => {
    await vault.put("a", Buffer.from("x"));
    await symlink(root, join(scratch, "alias"));
    const alias = await openVault(pathToFileURL(join(scratch, "alias")).href);
    expect((await alias.head("a"))?.bytes).toBe(1);
  });
});

test("what is no object is neither listed nor waited for", async () => {
  await vault.put("a", Buffer.from("x"));
  await vault.put("kept", Buffer.from("x"), { retainUntil: new Date(clock.now().getTime() + 1000) });
  await writeFile(join(root, ".runback-tmp-left-by-a-crash"), "half");
  await writeFile(join(root, "with\nnewline"), "x");
  await writeFile(join(root, "back\\slash"), "x");
  execFileSync("mkfifo", [join(root, "pipe")]);
  expect(await keys()).toEqual(["a", "kept"]);
  await expect(text("pipe")).rejects.toThrowError(code("VAULT_NOT_FOUND"));
  await expect(text(".runback-tmp-left-by-a-crash")).rejects.toThrowError(code("VAULT_KEY_INVALID"));
});

test("an object and a folder cannot share a name, and neither harms the other", async () => {
  await vault.put("a", Buffer.from("x"));
  await vault.put("b/c", Buffer.from("x"));
  await expect(vault.put("a/below", Buffer.from("y"))).rejects.toThrowError(code("VAULT_KEY_INVALID"));
  await expect(vault.put("b", Buffer.from("y"))).rejects.toThrowError(code("VAULT_KEY_INVALID"));
  await expect(text("b")).rejects.toThrowError(code("VAULT_NOT_FOUND"));
  expect(await vault.head("a/below")).toBeUndefined();
  await vault.delete("b");
  await vault.delete("a/below");
  expect(await keys()).toEqual(["a", "b/c"]);
});

test("an empty folder that a killed write left is no obstacle", async () => {
  await mkdir(join(root, "a"));
  await vault.put("a", Buffer.from("x"), { ifAbsent: true });
  expect(await keys()).toEqual(["a"]);
});

test("only the owner may read what is in it", async () => {
  await vault.put("deep/er/a", Buffer.from("x"), { retainUntil: new Date(clock.now().getTime() + 1000) });
  const mode = async (path: string) => (await stat(join(root, path))).mode & 0o777;
  expect([await mode("."), await mode("deep"), await mode("deep/er"), await mode("deep/er/a")]).toEqual([
    0o700, 0o700, 0o700, 0o600,
  ]);
});

describe("retention", () => {
  test("counts the latest of several, and a shorter one does not shorten it", async () => {
    const hour = 3_600_000;
    const start = clock.now().getTime();
    await vault.put("a", Buffer.from("1"), { retainUntil: new Date(start + hour) });
    clock.advance(hour + 1000);
    await vault.put("a", Buffer.from("2"), { retainUntil: new Date(start + 4 * hour) });
    const error = await vault.delete("a").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "VAULT_LOCKED",
      details: { retainUntil: new Date(start + 4 * hour).toISOString() },
    });
    clock.advance(4 * hour);
    await vault.delete("a");
    expect(await readdir(root)).toEqual([]);
  });

  test("of one object says nothing about its neighbours", async () => {
    await vault.put("n/a", Buffer.from("1"), { retainUntil: new Date(clock.now().getTime() + 1000_000) });
    await vault.put("n/b", Buffer.from("1"));
    await vault.delete("n/b");
    await expect(vault.delete("n/a")).rejects.toThrowError(code("VAULT_LOCKED"));
    expect(await keys()).toEqual(["n/a"]);
  });
});

test("a full or read-only disk is a typed error and leaves nothing", async () => {
  // /dev/full and permissions do not bind root; a name longer than the file system allows is refused for everybody.
  const path = join(scratch, "x".repeat(300));
  await expect(openVault(pathToFileURL(path).href)).rejects.toThrowError(code("VAULT_UNREACHABLE"));
  await writeFile(join(scratch, "file"), "");
  await expect(openVault(pathToFileURL(join(scratch, "file/below")).href)).rejects.toThrowError(
    code("VAULT_UNREACHABLE"),
  );
  await expect(openVault(pathToFileURL(join(scratch, "file")).href)).rejects.toThrowError(code("VAULT_UNREACHABLE"));
});
