import { createHash, randomBytes } from "node:crypto";
import type { ObjectInfo, Vault } from "@runback/core";
import { readAll } from "@runback/vault";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type OpenStore, STORES } from "./stores.ts";

const MIB = 1024 * 1024;

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function code(expected: string) {
  return expect.objectContaining({ name: "RunbackError", code: expected });
}

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === "string" ? Buffer.from(part) : part;
}

async function listed(vault: Vault, prefix: string): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of vault.list(prefix)) found.push(info);
  return found;
}

async function keys(vault: Vault, prefix: string): Promise<string[]> {
  return (await listed(vault, prefix)).map(({ key }) => key);
}

describe.each(STORES)("vault contract: $name", (store) => {
  let open: OpenStore;
  let vault: Vault;
  const read = (key: string, range?: { start: number; end?: number }) =>
    readAll(vault.get(key, range === undefined ? {} : { range }), 64 * MIB);
  const text = async (key: string) => Buffer.from(await read(key)).toString();

  beforeEach(async () => {
    open = await store.open();
    vault = open.vault;
  });
  afterEach(async () => {
    await open.close();
  });

  describe("put and get", () => {
    test.each([0, 1, 65_535, 65_537, 3 * MIB + 1])(
      "%i bytes come back as they went, with their SHA-256",
      async (size) => {
        const body = randomBytes(size);
        expect(await vault.put("a/b.bin", body)).toEqual({ sha256: sha256(body), bytes: size });
        expect(Buffer.compare(await read("a/b.bin"), body)).toBe(0);
        expect(await vault.head("a/b.bin")).toMatchObject({ key: "a/b.bin", bytes: size });
      },
    );

    test.each([
      ["one part and a byte", 8 * MIB + 1],
      ["exactly two parts", 16 * MIB],
      ["several parts", 19 * MIB + 7],
    ])("a stream of %s is stored whole", async (_, size) => {
      const body = randomBytes(size);
      async function* uneven() {
        for (let at = 0, step = 1; at < size; at += step, step = (step * 7 + 13) % 300_007)
          yield body.subarray(at, at + step);
      }
      expect(await vault.put("big", uneven())).toEqual({ sha256: sha256(body), bytes: size });
      expect(sha256(await read("big"))).toBe(sha256(body));
    });

    test("a source that reuses its buffer is stored as it was when it was yielded", async () => {
      async function* reusing() {
        const buffer = Buffer.alloc(4);
        for (let round = 0; round < 3; round++) yield buffer.fill(0x61 + round);
      }
      await vault.put("a", reusing());
      expect(await text("a")).toBe("aaaabbbbcccc");
    });

    test("an empty stream is an empty object", async () => {
      expect(await vault.put("empty", chunks())).toEqual({ sha256: sha256(Buffer.alloc(0)), bytes: 0 });
      expect(await text("empty")).toBe("");
    });

    test("a second put replaces", async () => {
      await vault.put("a", Buffer.from("one, and longer"));
      await vault.put("a", Buffer.from("two"));
      expect(await text("a")).toBe("two");
    });

    test("an absent key is VAULT_NOT_FOUND for get and undefined for head", async () => {
      await expect(read("nothing")).rejects.toThrowError(code("VAULT_NOT_FOUND"));
      await expect(read("nothing/below/it")).rejects.toThrowError(code("VAULT_NOT_FOUND"));
      expect(await vault.head("nothing")).toBeUndefined();
    });

    test("a source that fails leaves nothing, and its error comes through", async () => {
      async function* failing() {
        yield randomBytes(9 * MIB);
        throw new Error("the source broke");
      }
      await expect(vault.put("broken", failing())).rejects.toThrowError("the source broke");
      expect(await vault.head("broken")).toBeUndefined();
      expect(await keys(vault, "")).toEqual([]);
    });

    test("an aborted put leaves nothing and does not touch what was there", async () => {
      await vault.put("a", Buffer.from("before"));
      const abort = new AbortController();
      async function* aborting() {
        yield randomBytes(9 * MIB);
        abort.abort(new Error("stop"));
        yield randomBytes(9 * MIB);
      }
      await expect(vault.put("a", aborting(), { signal: abort.signal })).rejects.toThrowError("stop");
      expect(await text("a")).toBe("before");
      await expect(
        vault.put("b", Buffer.from("x"), { signal: AbortSignal.abort(new Error("early")) }),
      ).rejects.toThrowError("early");
      expect(await keys(vault, "")).toEqual(["a"]);
    });

    test("nothing is visible while the stream is still coming", async () => {
      const other = await open.reopen();
      async function* watched() {
        yield randomBytes(9 * MIB);
        expect(await other.head("slow")).toBeUndefined();
        expect(await keys(other, "")).toEqual([]);
        yield Buffer.from("end");
      }
      await vault.put("slow", watched());
      expect((await other.head("slow"))?.bytes).toBe(9 * MIB + 3);
    });

    test("leaving a download early is fine, and the vault goes on", async () => {
      await vault.put("a", randomBytes(4 * MIB));
      for await (const chunk of vault.get("a")) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
      await vault.put("b", Buffer.from("x"));
      expect(await text("b")).toBe("x");
    });

    test("a download that is aborted ends with the reason", async () => {
      await vault.put("a", randomBytes(4 * MIB));
      const abort = new AbortController();
      const reading = async () => {
        for await (const _ of vault.get("a", { signal: abort.signal })) abort.abort(new Error("enough"));
      };
      await expect(reading()).rejects.toThrowError("enough");
    });
  });

  describe("put if absent", () => {
    test("refuses a taken key and leaves it as it was", async () => {
      await vault.put("a", Buffer.from("first"), { ifAbsent: true });
      await expect(vault.put("a", Buffer.from("second"), { ifAbsent: true })).rejects.toThrowError(
        code("VAULT_EXISTS"),
      );
      await expect(vault.put("a", chunks(randomBytes(9 * MIB), "x"), { ifAbsent: true })).rejects.toThrowError(
        code("VAULT_EXISTS"),
      );
      expect(await text("a")).toBe("first");
    });

    test("of twenty writers at once exactly one wins, and its content is there", async () => {
      const others = await Promise.all([open.reopen(), open.reopen()]);
      const writers = Array.from({ length: 20 }, (_, index) => index);
      const results = await Promise.allSettled(
        writers.map((index) =>
          (others[index % 2] ?? vault).put("race", Buffer.from(`writer ${index}`), { ifAbsent: true }),
        ),
      );
      const winners = writers.filter((index) => results[index]?.status === "fulfilled");
      expect(winners).toHaveLength(1);
      expect(await text("race")).toBe(`writer ${winners[0]}`);
      for (const result of results) {
        if (result.status === "rejected") expect(result.reason).toEqual(code("VAULT_EXISTS"));
      }
    });

    test("of two streamed writers one wins", async () => {
      const bodies = [randomBytes(9 * MIB), randomBytes(9 * MIB)];
      const results = await Promise.allSettled(
        bodies.map((body) => vault.put("race", chunks(body), { ifAbsent: true })),
      );
      expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      const winner = results.findIndex(({ status }) => status === "fulfilled");
      expect(sha256(await read("race"))).toBe(sha256(bodies[winner]!));
    });

    test("a deleted key is absent again", async () => {
      await vault.put("a", Buffer.from("1"), { ifAbsent: true });
      await vault.delete("a");
      await vault.put("a", Buffer.from("2"), { ifAbsent: true });
      expect(await text("a")).toBe("2");
    });
  });

  describe("ranges", () => {
    test("are inclusive, clipped at the end, and open-ended without one", async () => {
      await vault.put("digits", Buffer.from("0123456789"));
      const range = async (start: number, end?: number) =>
        Buffer.from(await read("digits", end === undefined ? { start } : { start, end })).toString();
      expect(await range(0, 0)).toBe("0");
      expect(await range(3, 5)).toBe("345");
      expect(await range(7)).toBe("789");
      expect(await range(9, 1000)).toBe("9");
      expect(await range(0, 9)).toBe("0123456789");
    });

    test("of a large object", async () => {
      const body = randomBytes(17 * MIB);
      await vault.put("big", body);
      const part = await read("big", { start: 8 * MIB - 5, end: 16 * MIB + 4 });
      expect(Buffer.compare(part, body.subarray(8 * MIB - 5, 16 * MIB + 5))).toBe(0);
    });

    test.each([
      [{ start: 10 }],
      [{ start: 11, end: 12 }],
      [{ start: -1 }],
      [{ start: 5, end: 4 }],
      [{ start: 0.5 }],
      [{ start: Number.NaN }],
    ])("%j of ten bytes is VAULT_RANGE_INVALID", async (range) => {
      await vault.put("digits", Buffer.from("0123456789"));
      await expect(read("digits", range)).rejects.toThrowError(code("VAULT_RANGE_INVALID"));
    });

    test("of an empty or absent object", async () => {
      await vault.put("empty", Buffer.alloc(0));
      await expect(read("empty", { start: 0 })).rejects.toThrowError(code("VAULT_RANGE_INVALID"));
      await expect(read("absent", { start: 0 })).rejects.toThrowError(code("VAULT_NOT_FOUND"));
    });
  });

  describe("list", () => {
    const odd = ["a b", "a&b<c>", "a+b", "a%20b", "a=b?c#d", "é", "日本/語", "🙂", "ﬀ", "a'\"b", "~", "a:b", "(x)"];

    test("is in ascending order of UTF-8 bytes, with sizes and dates", async () => {
      const names = ["b", "a-b", "a.b", "a/b", "a/c/d", "a/c-d", "ab", ...odd];
      for (const name of names) await vault.put(name, Buffer.from(name));
      const expected = names.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      const found = await listed(vault, "");
      expect(found.map(({ key }) => key)).toEqual(expected);
      for (const { key, bytes, modifiedAt } of found) {
        expect(bytes).toBe(Buffer.byteLength(key));
        expect(Math.abs(open.clock.now().getTime() - modifiedAt.getTime())).toBeLessThan(600_000);
      }
    });

    test("a prefix may end anywhere", async () => {
      for (const name of ["runs/2026-01/x", "runs/2026-02/y", "runs/2027-01/z", "runs-other", "run"]) {
        await vault.put(name, Buffer.from("x"));
      }
      expect(await keys(vault, "runs/2026-")).toEqual(["runs/2026-01/x", "runs/2026-02/y"]);
      expect(await keys(vault, "runs/")).toHaveLength(3);
      expect(await keys(vault, "run")).toHaveLength(5);
      expect(await keys(vault, "runs/2026-01/x")).toEqual(["runs/2026-01/x"]);
      expect(await keys(vault, "runs/2026-01/x/")).toEqual([]);
      expect(await keys(vault, "none/")).toEqual([]);
    });

    test("goes on past a page of 1,000", async () => {
      const names = Array.from({ length: 2345 }, (_, index) => `page/${String(index).padStart(5, "0")}`);
      for (let at = 0; at < names.length; at += 50) {
        await Promise.all(
          names.slice(at, at + 50).map((name) => vault.put(name, Buffer.from("x"), { ifAbsent: true })),
        );
      }
      expect(await keys(vault, "page/")).toEqual(names);
    });

    test("objects deleted while it runs do no harm", async () => {
      for (const name of ["a", "b/c", "d"]) await vault.put(name, Buffer.from("x"));
      for await (const { key } of vault.list("")) await vault.delete(key);
      expect(await keys(vault, "")).toEqual([]);
    });
  });

  describe("delete", () => {
    test("removes; an absent key is no error", async () => {
      await vault.put("a/b/c", Buffer.from("x"));
      await vault.delete("a/b/c");
      await vault.delete("a/b/c");
      await vault.delete("never/there");
      expect(await vault.head("a/b/c")).toBeUndefined();
      await expect(read("a/b/c")).rejects.toThrowError(code("VAULT_NOT_FOUND"));
      await vault.put("a", Buffer.from("the folder's name is free again"));
      expect(await keys(vault, "")).toEqual(["a"]);
    });

    test("leaves its neighbours alone, under twenty writers and deleters at once", async () => {
      await vault.put("n/keep", Buffer.from("keep"));
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const key = `n/${index % 5}/${index}`;
          await vault.put(key, Buffer.from("x"));
          await vault.delete(key);
        }),
      );
      expect(await keys(vault, "")).toEqual(["n/keep"]);
    });
  });

  describe("keys from outside", () => {
    const bad = [
      "",
      "/etc/passwd",
      "../x",
      "a/../../x",
      "a/./b",
      "a//b",
      "a/",
      "a\\b",
      "a\0b",
      "a\nb",
      "x".repeat(1025),
    ];
    test.each(bad)("%j is refused everywhere", async (key) => {
      const invalid = code("VAULT_KEY_INVALID");
      await expect(vault.put(key, Buffer.from("x"))).rejects.toThrowError(invalid);
      await expect(read(key)).rejects.toThrowError(invalid);
      await expect(vault.head(key)).rejects.toThrowError(invalid);
      await expect(vault.delete(key)).rejects.toThrowError(invalid);
      expect(await keys(vault, "")).toEqual([]);
    });

    test.each(["../", "/", "a/../", "a//", "\0"])("prefix %j is refused", async (prefix) => {
      await expect(keys(vault, prefix)).rejects.toThrowError(code("VAULT_KEY_INVALID"));
    });

    test("percent signs are letters, not encoding", async () => {
      await vault.put("%2e%2e/%2fetc", Buffer.from("x"));
      expect(await keys(vault, "")).toEqual(["%2e%2e/%2fetc"]);
      expect(await vault.head("../etc").catch((error: unknown) => error)).toEqual(code("VAULT_KEY_INVALID"));
    });
  });

  describe.runIf(store.locks)("retention", () => {
    const HOUR = 3_600_000;

    test("keeps an object from being deleted or replaced, also through another handle", async () => {
      const retainUntil = new Date(open.clock.now().getTime() + HOUR);
      await vault.put("kept", Buffer.from("kept"), { ifAbsent: true, retainUntil });
      const other = await open.reopen();
      for (const each of [vault, other]) {
        await expect(each.delete("kept")).rejects.toThrowError(code("VAULT_LOCKED"));
        await expect(each.put("kept", Buffer.from("new"))).rejects.toThrowError(code("VAULT_LOCKED"));
        await expect(each.put("kept", Buffer.from("new"), { ifAbsent: true })).rejects.toThrowError(
          code("VAULT_EXISTS"),
        );
      }
      expect(await text("kept")).toBe("kept");
      expect(await keys(vault, "")).toEqual(["kept"]);
    });

    test("covers a streamed object", async () => {
      const retainUntil = new Date(open.clock.now().getTime() + HOUR);
      await vault.put("kept", chunks(randomBytes(9 * MIB)), { retainUntil });
      await expect(vault.delete("kept")).rejects.toThrowError(code("VAULT_LOCKED"));
    });

    test.runIf(store.controlsClock)("ends at its instant", async () => {
      const retainUntil = new Date(open.clock.now().getTime() + HOUR);
      await vault.put("a", Buffer.from("x"), { retainUntil });
      await vault.put("b", Buffer.from("x"), { retainUntil });
      open.clock.advance(HOUR - 60_000);
      await expect(vault.delete("a")).rejects.toThrowError(code("VAULT_LOCKED"));
      open.clock.advance(120_000);
      await vault.delete("a");
      await vault.put("b", Buffer.from("replaced"));
      expect(await text("b")).toBe("replaced");
      expect(await keys(vault, "")).toEqual(["b"]);
    });

    test("must lie in the future", async () => {
      const past = new Date(open.clock.now().getTime() - 1);
      await expect(vault.put("a", Buffer.from("x"), { retainUntil: past })).rejects.toThrowError(
        code("VAULT_RETENTION_INVALID"),
      );
      await expect(vault.put("a", Buffer.from("x"), { retainUntil: new Date(Number.NaN) })).rejects.toThrowError(
        code("VAULT_RETENTION_INVALID"),
      );
      expect(await keys(vault, "")).toEqual([]);
    });
  });

  test.runIf(!store.locks && store.controlsClock)("a bucket without Object Lock refuses retention", async () => {
    const retainUntil = new Date(open.clock.now().getTime() + 3_600_000);
    await expect(vault.put("a", Buffer.from("x"), { retainUntil })).rejects.toThrowError(
      code("VAULT_LOCK_UNSUPPORTED"),
    );
    expect(await keys(vault, "")).toEqual([]);
  });

  test("the location carries no secret", () => {
    expect(vault.location).not.toContain("test-secret");
    expect(vault.location).toMatch(/^(file|s3):\/\//);
  });
});
