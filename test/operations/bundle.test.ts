import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleCreate } from "@runback/operations";
import { readBundle, verifyBundle, writeBundle } from "@runback/vault";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestContext, testContext } from "./support.ts";

describe("bundle create", () => {
  let test_: TestContext;
  let folder: string;
  beforeAll(async () => {
    test_ = await testContext("postgres");
  });
  afterAll(() => test_[Symbol.asyncDispose]());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "runback-bundle-"));
    mkdirSync(join(folder, "b/row-digests"), { recursive: true });
    writeFileSync(join(folder, "b/migration-report.json"), "{}\n");
    writeFileSync(join(folder, "b/row-digests/Member.json"), "[]\n");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const create = (name = "b", into?: string) => bundleCreate(test_.context, join(folder, name), into);

  test("makes a bundle of another tool's folder, once", async () => {
    const made = await create();
    expect(made).toMatchObject({ path: join(folder, "b"), files: 2, written: true });
    execFileSync("sha256sum", ["-c", "--strict", "SHA256SUMS"], { cwd: join(folder, "b"), stdio: "pipe" });
    const verified = await verifyBundle(await readBundle(join(folder, "b")));
    expect(verified).toMatchObject({ ok: true, sha256: made.sha256, extra: [] });
    expect(await create()).toEqual({ ...made, written: false });
  });

  test("takes the sums of sha256sum, in whatever order and mode", async () => {
    const sums = execFileSync("sha256sum", ["-b", "row-digests/Member.json", "migration-report.json"], {
      cwd: join(folder, "b"),
    });
    writeFileSync(join(folder, "b/SHA256SUMS"), sums);
    expect(await create()).toMatchObject({ written: false });
    expect(readFileSync(join(folder, "b/SHA256SUMS"))).toEqual(sums);
  });

  test.each([
    ["a file changed", () => writeFileSync(join(folder, "b/migration-report.json"), "{} \n")],
    ["a file was added", () => writeFileSync(join(folder, "b/policy-bundle.json"), "{}\n")],
    ["a file is gone", () => rmSync(join(folder, "b/migration-report.json"))],
    ["a line is damaged", () => writeFileSync(join(folder, "b/SHA256SUMS"), "x\n")],
  ])("never overwrites sums that differ: %s", async (_what, change) => {
    await create();
    change();
    const before = readFileSync(join(folder, "b/SHA256SUMS"));
    await expect(create()).rejects.toMatchObject({ code: "BUNDLE_SUMS_DIFFER", exit: 1 });
    expect(readFileSync(join(folder, "b/SHA256SUMS"))).toEqual(before);
  });

  test("refuses what a bundle cannot hold, and what holds nothing", async () => {
    symlinkSync("/etc/passwd", join(folder, "b/id-map.json"));
    await expect(create()).rejects.toMatchObject({
      code: "BUNDLE_UNCOVERED",
      message: expect.stringContaining("id-map"),
    });
    mkdirSync(join(folder, "empty"));
    await expect(create("empty")).rejects.toMatchObject({ code: "BUNDLE_NOT_FOUND" });
    await expect(create("nowhere")).rejects.toMatchObject({ code: "BUNDLE_NOT_FOUND" });
  });

  test("copies a run's bundle out of the vault, checked, and again without harm", async () => {
    const written = await writeBundle(
      test_.context.vault,
      "bundles/run-copy",
      new Map([
        ["migration-report.json", Buffer.from("{}")],
        ["row-digests/Member.json", Buffer.alloc(3_000_000, 7)],
      ]),
    );
    const into = join(folder, "copy");
    const copied = await bundleCreate(test_.context, "run-copy", into);
    expect(copied).toEqual({ path: into, sha256: written.sha256, files: 2, written: true });
    execFileSync("sha256sum", ["-c", "--strict", "SHA256SUMS"], { cwd: into, stdio: "pipe" });
    expect(await bundleCreate(test_.context, "run-copy", into)).toMatchObject({ sha256: written.sha256 });
    writeFileSync(join(into, "migration-report.json"), "{ }");
    await expect(bundleCreate(test_.context, "run-copy", into)).rejects.toMatchObject({ code: "VAULT_EXISTS" });
  });

  test("a dry run's bundle is found where the run says it is", async () => {
    const { engine, vault } = test_.context;
    const runId = "run-20260115-143000-0d0d0d";
    const written = await writeBundle(
      vault,
      `dry-runs/${runId}`,
      new Map([["migration-report.json", Buffer.from("{}")]]),
    );
    await engine.transaction(async (tx) => {
      await engine.store.createRun(tx, {
        runId,
        kind: "import",
        mode: "dry",
        migration: "m",
        operator: "ada",
        startedAt: "2026-01-15T14:30:00Z",
      });
      await engine.store.updateRun(tx, runId, { bundle: { path: `dry-runs/${runId}`, sha256: written.sha256 } });
    });
    expect(await bundleCreate(test_.context, runId, join(folder, "dry"))).toMatchObject({ sha256: written.sha256 });
  });

  test("a damaged bundle gets no copy", async () => {
    await writeBundle(test_.context.vault, "bundles/run-bad", new Map([["migration-report.json", Buffer.from("{}")]]));
    await test_.context.vault.put("bundles/run-bad/migration-report.json", Buffer.from("{ }"));
    const into = join(folder, "bad");
    await expect(bundleCreate(test_.context, "run-bad", into)).rejects.toMatchObject({
      code: "BUNDLE_DAMAGED",
      exit: 1,
      recovery: expect.stringContaining("migration-report.json"),
    });
    await expect(readBundle(into)).rejects.toMatchObject({ code: "BUNDLE_NOT_FOUND" });
    await expect(bundleCreate(test_.context, "run-none", into)).rejects.toMatchObject({ code: "BUNDLE_NOT_FOUND" });
  });
});
