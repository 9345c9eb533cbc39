import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { serverAccount } from "../../packages/runtime/src/embedded/account.ts";
import { usableBinaries } from "../../packages/runtime/src/embedded/binaries.ts";
import { dataFolder, ensureCluster } from "../../packages/runtime/src/embedded/cluster.ts";
import { serverEnvironment } from "../../packages/runtime/src/embedded/execute.ts";
import { serverSettings } from "../../packages/runtime/src/embedded/settings.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** URL of a superuser on the PostgreSQL server of this test run. */
    postgresUrl: string;
  }
}

/** One PostgreSQL for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.RUNBACK_TEST_POSTGRES_URL;
  if (given) {
    project.provide("postgresUrl", given);
    return async () => {};
  }
  const home = mkdtempSync(join(tmpdir(), "runback-test-"));
  chmodSync(home, 0o711);
  const account = serverAccount();
  const binaries = await usableBinaries(home, account);
  await ensureCluster({ binaries, account, home, password: "test", durable: false });
  const port = await freePort();
  const data = dataFolder(home);
  const server = spawn(binaries.postgres, ["-D", data, ...serverSettings(port, "runback-test", "scratch")], {
    cwd: "/",
    env: serverEnvironment(),
    stdio: ["ignore", "ignore", "ignore"],
    ...account,
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  for (let wait = 0; !ready(data); wait += 20) {
    if (wait > 60_000 || server.exitCode !== null) throw new Error(`PostgreSQL did not start in ${home}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  project.provide("postgresUrl", `postgres://runback:test@127.0.0.1:${port}/postgres`);
  return async () => {
    server.kill("SIGQUIT");
    await ended;
    rmSync(home, { recursive: true, force: true });
  };
}

function ready(data: string): boolean {
  try {
    return readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[7]?.trim() === "ready";
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
