import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeSampleExport } from "@runback/membership";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jsonOf } from "../cli/cli-result.ts";
import { writeConfig } from "../cli/config-file.ts";
import { spawnCli } from "../cli/spawn-cli.ts";
import { rotatedEngines } from "../support/rotated-engines.ts";
import { credentials, type DataApiTarget, freshDataApi, secret } from "./fresh-data-api.ts";

let folder: string;
let config: string;
let service: DataApiTarget;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runback-data-api-cli-"));
  config = await writeConfig(folder);
  await writeSampleExport(join(folder, "export"), { members: 60, events: 20, registrations: 150 });
  service = await freshDataApi();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const cli = (...args: string[]) =>
  spawnCli([...args, "--json", "--config", config], {
    env: {
      DATABASE_URL: service.url,
      VAULT_URL: pathToFileURL(join(folder, "vault")).href,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  });

// When it is this engine's turn among the ways to reach a PostgreSQL, and in the conformance and deep runs.
test.runIf(rotatedEngines.includes("data-api"))(
  "the address and the SDK's own credentials are all the command line needs",
  async () => {
    expect(await cli("init")).toMatchObject({ status: 0 });
    const found = await cli("doctor");
    const { ok, checks } = jsonOf<{ ok: boolean; checks: { id: string; outcome: string; message: string }[] }>(found);
    expect(checks.length).toBeGreaterThan(5);
    expect(checks.filter(({ outcome }) => outcome === "FAIL")).toEqual([]);
    expect(ok).toBe(true);
    expect(found.stdout).not.toContain(secret);
    const imported = await cli("import");
    expect(imported).toMatchObject({ status: 0 });
    const { runId } = jsonOf<{ runId: string }>(imported);
    expect(jsonOf(await cli("rollback", runId))).toMatchObject({ verified: true, conflicts: [] });
    const refused = await cli("exec", "--", process.execPath, "-e", "0");
    expect(refused.status).toBe(2);
    expect(jsonOf(refused)).toMatchObject({ error: { code: "EXEC_UNSUPPORTED" } });
  },
  180_000,
);
