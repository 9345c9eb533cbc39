import { createHash, randomBytes } from "node:crypto";
import type { RunbackError, Vault } from "@runback/core";
import { openVault, readAll } from "@runback/vault";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Fault } from "../s3/faults.ts";
import { type S3Server, startS3Server } from "../s3/server.ts";
import { shareOf } from "../support/rotated-engines.ts";
import { CREDENTIALS, s3Url } from "./stores.ts";

const MIB = 1024 * 1024;
/** Small enough that a hang ends soon, large enough for a busy machine. */
const PATIENCE = { timeoutMs: 2400, attempts: 4, backoffMs: 1 };

let server: S3Server;
let vault: Vault;

beforeEach(async () => {
  server = await startS3Server({ buckets: [{ name: "vault", objectLock: true }], credentials: CREDENTIALS });
  vault = await openVault(s3Url(server, "vault", "p"), { credentials: CREDENTIALS, patience: PATIENCE });
});
afterEach(async () => {
  await vault.close();
  await server.close();
});

function code(expected: string) {
  return expect.objectContaining({ name: "RunbackError", code: expected });
}

async function read(key: string): Promise<Buffer> {
  return Buffer.from(await readAll(vault.get(key), 64 * MIB));
}

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

const bigBody = () => chunks(randomBytes(9 * MIB), randomBytes(9 * MIB));

/** Every call that reaches the server, with the operation whose answer is spoiled. */
const CALLS = {
  PutObject: (v: Vault) => v.put("new", Buffer.from("x"), { ifAbsent: true }),
  GetObject: async (v: Vault) => Buffer.from(await readAll(v.get("there"), MIB)),
  HeadObject: (v: Vault) => v.head("there"),
  ListObjectsV2: async (v: Vault) => {
    const keys: string[] = [];
    for await (const { key } of v.list("")) keys.push(key);
    return keys;
  },
  DeleteObject: (v: Vault) => v.delete("there"),
  CreateMultipartUpload: (v: Vault) => v.put("big", bigBody()),
  UploadPart: (v: Vault) => v.put("big", bigBody()),
  CompleteMultipartUpload: (v: Vault) => v.put("big", bigBody(), { ifAbsent: true }),
} as const;
const OPERATIONS = Object.keys(CALLS) as (keyof typeof CALLS)[];

describe.each(shareOf(OPERATIONS, 3))("%s", (operation) => {
  const call = CALLS[operation];
  beforeEach(async () => {
    await vault.put("there", Buffer.from("0123456789"));
    server.faults.clear();
  });

  test.each<[string, Fault]>([
    ["500 InternalError", { kind: "status", status: 500, code: "InternalError" }],
    ["503 SlowDown", { kind: "status", status: 503, code: "SlowDown" }],
    ["a bare 502", { kind: "status", status: 502 }],
    ["a reset connection", { kind: "reset" }],
    ["a hang", { kind: "hang" }],
    ["a lost answer", { kind: "reset", when: "after" }],
  ])("succeeds after %s", async (name, fault) => {
    const times = name === "a hang" || name === "a lost answer" ? 1 : 2;
    server.faults.add({ operation, times, fault });
    await call(vault);
    expect(server.faults.count(operation)).toBeGreaterThan(times);
  });

  test.each<[string, Fault]>([
    ["500s without end", { kind: "status", status: 500, code: "InternalError" }],
    ["resets without end", { kind: "reset" }],
  ])("%s are VAULT_UNREACHABLE after a bounded number of attempts", async (_, fault) => {
    server.faults.add({ operation, times: 1000, fault });
    const error = await call(vault).catch((thrown: unknown) => thrown);
    expect(error).toEqual(code("VAULT_UNREACHABLE"));
    expect(error).toMatchObject({ exit: 2, status: 503 });
    // Two parts may be under way at once.
    expect(server.faults.count(operation)).toBeGreaterThanOrEqual(operation === "UploadPart" ? 4 : PATIENCE.attempts);
    expect(server.faults.count(operation)).toBeLessThanOrEqual(2 * PATIENCE.attempts);
  });

  test("a server that never answers is VAULT_UNREACHABLE within the bound", async () => {
    server.faults.add({ operation, times: 1000, fault: { kind: "hang" } });
    const impatient = await openVault(s3Url(server, "vault", "p"), {
      credentials: CREDENTIALS,
      patience: { ...PATIENCE, timeoutMs: 900 },
    });
    try {
      const start = performance.now();
      await expect(call(impatient)).rejects.toThrowError(code("VAULT_UNREACHABLE"));
      // The abort of an upload waits once more; the rest is room for a busy machine.
      expect(performance.now() - start).toBeLessThan(900 * 5);
    } finally {
      await impatient.close();
    }
  });

  test("403 is VAULT_DENIED at once", async () => {
    server.faults.add({ operation, times: 1000, fault: { kind: "status", status: 403, code: "AccessDenied" } });
    await expect(call(vault)).rejects.toThrowError(code("VAULT_DENIED"));
    expect(server.faults.count(operation)).toBeLessThanOrEqual(operation === "UploadPart" ? 2 : 1);
  });
});

describe("put if absent meets its own lost answer", () => {
  test.each<[string, Fault]>([
    ["reset", { kind: "reset", when: "after" }],
    ["hang", { kind: "hang", when: "after" }],
    ["500", { kind: "status", status: 500, when: "after" }],
  ])("%s: one write is one success", async (_, fault) => {
    server.faults.add({ operation: "PutObject", fault });
    await vault.put("once", Buffer.from("mine"), { ifAbsent: true });
    expect((await read("once")).toString()).toBe("mine");
    expect(server.bucket("vault").versionsOf("p/once")).toHaveLength(1);

    server.faults.add({ operation: "CompleteMultipartUpload", fault });
    await vault.put("big", bigBody(), { ifAbsent: true });
    expect(server.bucket("vault").versionsOf("p/big")).toHaveLength(1);
    expect(server.bucket("vault").uploads.size).toBe(0);
  });

  test("somebody else's object stays theirs", async () => {
    await vault.put("once", Buffer.from("theirs"));
    server.faults.add({ operation: "PutObject", fault: { kind: "status", status: 500 } });
    await expect(vault.put("once", Buffer.from("mine"), { ifAbsent: true })).rejects.toThrowError(code("VAULT_EXISTS"));
    expect((await read("once")).toString()).toBe("theirs");
  });

  test("409 of a conflicting write is tried again", async () => {
    const conflict: Fault = { kind: "status", status: 409, code: "ConditionalRequestConflict" };
    server.faults.add({ operation: "PutObject", times: 2, fault: conflict });
    await vault.put("once", Buffer.from("mine"), { ifAbsent: true });
    server.faults.add({ operation: "CompleteMultipartUpload", times: 2, fault: conflict });
    await vault.put("big", bigBody(), { ifAbsent: true });
    expect(server.faults.count("PutObject")).toBe(3);
    expect(server.faults.count("CompleteMultipartUpload")).toBe(3);
  });
});

describe("downloads", () => {
  const body = randomBytes(3 * MIB);
  beforeEach(async () => {
    await vault.put("there", body);
    server.faults.clear();
  });

  test.each<[string, Fault]>([
    ["breaks off", { kind: "truncate", bytes: MIB }],
    ["breaks off before the first byte", { kind: "truncate", bytes: 0 }],
    ["falls silent", { kind: "stall", bytes: MIB }],
  ])("one that %s is taken up where it was", async (_, fault) => {
    server.faults.add({ operation: "GetObject", times: 2, fault });
    expect(Buffer.compare(await read("there"), body)).toBe(0);
    expect(server.faults.count("GetObject")).toBe(3);
  });

  test("a range that breaks off is taken up inside the range", async () => {
    server.faults.add({ operation: "GetObject", times: 2, fault: { kind: "truncate", bytes: 1000 } });
    const part = await readAll(vault.get("there", { range: { start: 500, end: MIB } }), MIB);
    expect(Buffer.compare(part, body.subarray(500, MIB + 1))).toBe(0);
  });

  test("one that always breaks off is VAULT_CORRUPT", async () => {
    server.faults.add({ operation: "GetObject", times: 1000, fault: { kind: "truncate", bytes: 10 } });
    await expect(read("there")).rejects.toThrowError(code("VAULT_CORRUPT"));
    expect(server.faults.count("GetObject")).toBe(PATIENCE.attempts);
  });

  test("one that always falls silent is VAULT_UNREACHABLE", async () => {
    server.faults.add({ operation: "GetObject", times: 1000, fault: { kind: "stall", bytes: 10 } });
    await expect(read("there")).rejects.toThrowError(code("VAULT_UNREACHABLE"));
  });

  test.each<[string, Fault]>([
    ["shorter", { kind: "shorten", bytes: 2 * MIB }],
    ["empty", { kind: "shorten", bytes: 0 }],
    ["changed in one byte", { kind: "flip", at: 2 * MIB + 7 }],
  ])("one that arrives %s is VAULT_CORRUPT", async (_, fault) => {
    server.faults.add({ operation: "GetObject", times: 1000, fault });
    await expect(read("there")).rejects.toThrowError(code("VAULT_CORRUPT"));
  });

  test("a byte changed after a resumption is found too", async () => {
    server.faults.add({ operation: "GetObject", fault: { kind: "truncate", bytes: MIB } });
    server.faults.add({ operation: "GetObject", fault: { kind: "flip", at: 5 } });
    await expect(read("there")).rejects.toThrowError(code("VAULT_CORRUPT"));
  });

  test("two hundred left after the first chunk do not use up the connections", async () => {
    for (let index = 0; index < 200; index++) {
      for await (const chunk of vault.get("there")) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
    }
    expect(Buffer.compare(await read("there"), body)).toBe(0);
  });

  test("sixty at once all arrive, and nothing is said on the console", async () => {
    const said = vi.spyOn(console, "warn");
    const patient = await openVault(s3Url(server, "vault", "p"), { credentials: CREDENTIALS });
    const all = await Promise.all(Array.from({ length: 60 }, () => readAll(patient.get("there"), 64 * MIB)));
    for (const each of all) expect(Buffer.compare(each, body)).toBe(0);
    await patient.close();
    expect(said).not.toHaveBeenCalled();
    said.mockRestore();
  });

  test("an object replaced while it is read is VAULT_CORRUPT, not a mixture", async () => {
    server.faults.add({ operation: "GetObject", fault: { kind: "truncate", bytes: MIB } });
    let received = 0;
    const reading = (async () => {
      for await (const chunk of vault.get("there")) {
        if (received === 0) await vault.put("there", randomBytes(3 * MIB));
        received += chunk.byteLength;
      }
    })();
    await expect(reading).rejects.toThrowError(code("VAULT_CORRUPT"));
    expect(received).toBeLessThanOrEqual(MIB);
  });
});

describe("multipart uploads", () => {
  test("are aborted when a part fails, when the source fails and when the caller stops", async () => {
    server.faults.add({ operation: "UploadPart", times: 1000, fault: { kind: "status", status: 403 } });
    await expect(vault.put("big", bigBody())).rejects.toThrowError(code("VAULT_DENIED"));
    server.faults.clear();
    async function* failing() {
      yield randomBytes(20 * MIB);
      throw new Error("source");
    }
    await expect(vault.put("big", failing())).rejects.toThrowError("source");
    const abort = new AbortController();
    const { fired } = server.faults.add({ operation: "UploadPart", times: 9, fault: { kind: "hang" } });
    const put = vault.put("big", bigBody(), { signal: abort.signal });
    put.catch(() => {});
    await fired;
    abort.abort(new Error("stopped"));
    await expect(put).rejects.toThrowError("stopped");
    expect(server.faults.count("AbortMultipartUpload")).toBe(2);
    expect(server.bucket("vault").uploads.size).toBe(0);
    expect(server.bucket("vault").keys()).toEqual([]);
  });

  test("give every part and the whole a SHA-256, and the lock to the version", async () => {
    const parts = [randomBytes(9 * MIB), randomBytes(MIB)];
    const retainUntil = new Date(Date.now() + 3_600_000);
    const { sha256 } = await vault.put("big", chunks(...parts), { retainUntil });
    const version = server.bucket("vault").current("p/big");
    expect(version?.checksum).toMatchObject({ algorithm: "sha256", type: "COMPOSITE" });
    expect(version?.checksum?.value).toMatch(/-2$/);
    expect(version?.retention).toEqual({ mode: "COMPLIANCE", until: retainUntil });
    expect(sha256).toBe(createHash("sha256").update(Buffer.concat(parts)).digest("hex"));
  });
});

describe("single puts", () => {
  test("carry a SHA-256 that the server keeps, and leave older versions in place", async () => {
    await vault.put("a", Buffer.from("one"));
    await vault.put("a", Buffer.from("two"));
    await vault.delete("a");
    const versions = server.bucket("vault").versionsOf("p/a");
    expect(versions.map(({ deleteMarker }) => deleteMarker)).toEqual([false, false, true]);
    const digest = createHash("sha256").update("one").digest("base64");
    expect(versions[0]?.checksum).toEqual({ algorithm: "sha256", value: digest, type: "FULL_OBJECT" });
  });
});

describe("a vault that cannot work", () => {
  const calls = {
    put: (v: Vault) => v.put("a", Buffer.from("x"), { ifAbsent: true }),
    overwrite: (v: Vault) => v.put("a", Buffer.from("x")),
    get: (v: Vault) => readAll(v.get("a"), 10),
    head: (v: Vault) => v.head("a"),
    list: async (v: Vault) => {
      for await (const { key } of v.list("")) expect(key).toBeTypeOf("string");
    },
    delete: (v: Vault) => v.delete("a"),
  };
  const names = Object.keys(calls) as (keyof typeof calls)[];

  async function failing(url: string, credentials = CREDENTIALS) {
    const other = await openVault(url, { credentials, patience: PATIENCE });
    const errors = new Map<string, unknown>();
    try {
      for (const name of names)
        errors.set(
          name,
          await calls[name](other).then(
            () => "no error",
            (error: unknown) => error,
          ),
        );
    } finally {
      await other.close();
    }
    return errors;
  }

  test("because the bucket is missing", async () => {
    for (const [name, error] of await failing(s3Url(server, "elsewhere", "p"))) {
      expect(error, name).toEqual(code("VAULT_BUCKET_MISSING"));
    }
  });

  test("because secret or key id are wrong; neither is ever shown", async () => {
    for (const wrong of [
      { ...CREDENTIALS, secretAccessKey: "wrong-secret-value" },
      { ...CREDENTIALS, accessKeyId: "AKIDNOBODY" },
    ]) {
      for (const [name, error] of await failing(s3Url(server, "vault", "p"), wrong)) {
        expect(error, name).toEqual(code("VAULT_DENIED"));
        const shown = error as RunbackError;
        expect(`${shown.message} ${shown.recovery} ${JSON.stringify(shown.details)}`).not.toContain(
          wrong.secretAccessKey,
        );
      }
    }
  });

  test("because nobody listens", async () => {
    const url = s3Url(server, "vault", "p");
    await server.close();
    for (const [name, error] of await failing(url)) expect(error, name).toEqual(code("VAULT_UNREACHABLE"));
    server = await startS3Server({ buckets: [], credentials: CREDENTIALS });
  });

  test("aborting ends a hanging call at once, with the caller's reason", async () => {
    const patient = await openVault(s3Url(server, "vault", "p"), { credentials: CREDENTIALS });
    const abort = new AbortController();
    const { fired } = server.faults.add({ fault: { kind: "hang" }, times: 9 });
    const put = patient.put("a", Buffer.from("x"), { ifAbsent: true, signal: abort.signal });
    put.catch(() => {});
    await fired;
    abort.abort(new Error("stopped"));
    await expect(put).rejects.toThrowError("stopped");
    expect(server.faults.count("PutObject")).toBe(1);
    await patient.close();
  });
});

test("a clock that is an hour off is corrected for every call", async () => {
  const ahead = await startS3Server({
    buckets: [{ name: "vault" }],
    credentials: CREDENTIALS,
    now: () => new Date(Date.now() + 3_600_000),
  });
  try {
    for (const first of ["head", "put", "list", "get"] as const) {
      const other = await openVault(s3Url(ahead, "vault", "p"), { credentials: CREDENTIALS, patience: PATIENCE });
      if (first === "head") expect(await other.head("nothing")).toBeUndefined();
      if (first === "put") await other.put("a", Buffer.from("x"), { ifAbsent: true });
      if (first === "list") for await (const { key } of other.list("")) expect(key).toBe("a");
      if (first === "get") expect(Buffer.from(await readAll(other.get("a"), 10)).toString()).toBe("x");
      await other.close();
    }
  } finally {
    await ahead.close();
  }
});
