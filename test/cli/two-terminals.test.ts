import { join } from "node:path";
import { expect, it } from "vitest";
import { waitUntil } from "../../packages/runtime/src/embedded/wait-until.ts";
import { postmasterPid, scratchFolder, serverProcesses } from "../support/embedded-clients.ts";
import { jsonOf } from "./cli-result.ts";
import { writeConfig } from "./config-file.ts";
import { spawnCli, startCli } from "./spawn-cli.ts";

interface Runs {
  readonly runs: readonly { runId: string; kind: string; state: string }[];
}
interface Plan {
  readonly planned: number;
  readonly classes: Readonly<Record<string, number>>;
}

it("a second terminal plans a rollback while the first one serves, and the server goes with the last of them", async () => {
  const folder = scratchFolder();
  const directory = join(folder.path, ".runback");
  try {
    const config = await writeConfig(folder.path, { source: ".runback/sample" });
    const env = { PORT: "0", RUNBACK_OPERATOR: "alice" };
    const first = startCli(["start", "--config", config], { env });
    const [, url] = await first.printed(/Dashboard and API\s+(http:\/\/\S+)/);
    await first.printed(/Ctrl-C stops it/);
    const health = await fetch(new URL("/v1/health", url));
    expect(health.status).toBe(200);
    const server = postmasterPid(directory);

    const { runs } = jsonOf<Runs>(await spawnCli(["runs", "--json", "--config", config]));
    expect(runs).toMatchObject([{ kind: "import", state: "completed" }]);
    const planned = await spawnCli(["rollback", runs[0]!.runId, "--plan", "--json", "--config", config]);
    expect(planned).toMatchObject({ status: 0, stderr: "" });
    // 11,273 rows, a mapping each, and the row that remembers the last sync.
    expect(jsonOf<Plan>(planned)).toMatchObject({ planned: 22_547, classes: { reverted: 22_547 } });
    // Both worked on one server, which neither the end of a command nor the plan stopped.
    expect(first.process.exitCode).toBeNull();
    expect(postmasterPid(directory)).toBe(server);

    first.process.kill("SIGINT");
    expect(await first.result).toMatchObject({ status: 0 });
    expect(await waitUntil(20_000, () => serverProcesses(directory).length === 0)).toBe(true);

    // Whoever comes later finds everything as it was: the rollback itself needs no server to be running.
    const done = await spawnCli(["rollback", runs[0]!.runId, "--json", "--config", config]);
    expect(done).toMatchObject({ status: 0, stderr: "" });
    expect(jsonOf(done)).toMatchObject({ verified: true, classes: { reverted: 22_547 } });
  } finally {
    folder.clean(directory);
  }
  // Four processes and two starts of a server, on a machine that may be busy with other suites.
}, 180_000);
