import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openVault, readAll } from "@runback/vault";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../s3/faults.ts";
import { type S3Server, startS3Server } from "../s3/server.ts";
import { inTurn, shareOf } from "../support/rotated-engines.ts";
import { CREDENTIALS, s3Url } from "../vault/stores.ts";
import { expectUndisturbed, goingOn, runState } from "./interrupted.ts";
import { violations } from "./invariants.ts";
import { runJob } from "./job.ts";
import { observe } from "./observe.ts";
import { freshPlace, type Place, type Subject, subject } from "./targets.ts";

/** Milliseconds of silence; a hanging vault must become an error soon after. */
const vaultTimeoutMs = 900;
const always = Number.MAX_SAFE_INTEGER;

const faults: Record<string, Fault> = {
  "answers 500": { kind: "status", status: 500, code: "InternalError" },
  "answers 503 without a body": { kind: "status", status: 503 },
  hangs: { kind: "hang" },
  "hangs after it stored": { kind: "hang", when: "after" },
  "resets the connection": { kind: "reset" },
  "denies access": { kind: "status", status: 403, code: "AccessDenied" },
};

describe.each(inTurn(["import", "rollback"] as const))("a vault that fails during %s", (kind) => {
  let under: Subject;
  let server: S3Server;
  let vaultUrl: string;
  beforeAll(async () => {
    under = await subject(kind);
  });
  afterAll(() => under.close());
  beforeEach(async () => {
    server = await startS3Server({ buckets: [{ name: "vault" }], credentials: CREDENTIALS });
    vaultUrl = s3Url(server, "vault", "p");
  });
  afterEach(() => server.close());
  const run = (place: Place, task = under.task) =>
    runJob({ ...task, databaseUrl: place.databaseUrl, vaultUrl, vaultTimeoutMs });
  const failure = expect.objectContaining({ name: "RunbackError", code: expect.stringMatching(/^VAULT_/) });

  test.each(shareOf(Object.entries(faults), 3))(
    "S3 %s when the bundle is written: failed, and resumable",
    async (_, fault) => {
      await using place = await freshPlace(under);
      server.faults.add({ fault, key: /bundles\//, times: always });
      const began = performance.now();
      await expect(run(place)).rejects.toEqual(failure);
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(await runState(place, under.task.runId)).toBe("failed");
      expect(await violations(place.databaseUrl, under.task.runId)).toEqual([]);
      server.faults.clear();
      await run(place, await goingOn(under, place));
      const { bundle, ...rest } = under.undisturbed;
      const { bundle: _none, ...now } = await observe(place, under.task.runId);
      expect(now).toEqual(rest);
      expect(await stored(under.task.runId)).toEqual(bundle);
    },
  );

  test("a folder that cannot hold the bundle any more: failed, and resumable", async () => {
    await using place = await freshPlace(under);
    const where = { databaseUrl: place.databaseUrl, vaultUrl: place.vaultUrl };
    const obstacle = join(place.vaultFolder, "bundles");
    writeFileSync(obstacle, "");
    await expect(runJob({ ...under.task, ...where })).rejects.toEqual(failure);
    expect(await runState(place, under.task.runId)).toBe("failed");
    rmSync(obstacle);
    await runJob({ ...(await goingOn(under, place)), ...where });
    await expectUndisturbed(under, place);
  });

  async function stored(runId: string): Promise<Record<string, string>> {
    const vault = await openVault(vaultUrl, { credentials: CREDENTIALS });
    const found: Record<string, string> = {};
    for await (const { key } of vault.list(`bundles/${runId}/`))
      found[key.slice(`bundles/${runId}/`.length)] = Buffer.from(await readAll(vault.get(key), 2 ** 24)).toString();
    await vault.close();
    return found;
  }

  if (kind === "import")
    test.each(shareOf(Object.entries(faults), 3))(
      "S3 %s before the first write: nothing is written at all",
      async (_, fault) => {
        await using place = await freshPlace(under);
        server.faults.add({ fault, key: /started\.json$/, times: always });
        await expect(run(place)).rejects.toEqual(failure);
        expect(await runState(place, under.task.runId)).toBeUndefined();
        expect(await violations(place.databaseUrl, under.task.runId)).toEqual([]);
        // And nobody is kept out by it.
        server.faults.clear();
        await run(place, { ...under.task, runId: "run-20260115-160000-7a8b9c" });
      },
    );
});
