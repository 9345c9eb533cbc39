import { vi } from "vitest";
import { main } from "../../packages/cli/program/program.ts";
import type { CliResult } from "./cli-result.ts";

export interface CliPlace {
  readonly config: string;
  readonly databaseUrl: string;
  readonly vaultUrl: string;
}

/**
 * The command line without a process of its own: the same program, six times as fast. What only a process shows
 * (signals, what else writes to stdout, its exit) is tested with `spawnCli`.
 */
export async function runCli({ config, databaseUrl, vaultUrl }: CliPlace, args: readonly string[]): Promise<CliResult> {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  vi.stubEnv("DATABASE_URL", databaseUrl);
  vi.stubEnv("VAULT_URL", vaultUrl);
  try {
    return { status: await main([...args, "--config", config]), ...written };
  } finally {
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
