import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { expect } from "vitest";
import { jsonOf } from "../../cli/cli-result.ts";
import { type CliPlace, runCli } from "../../cli/in-process.ts";

const packages = new URL("../../../packages/", import.meta.url).href;

const config = `import { attendeeStatus } from ${JSON.stringify(`${packages}attendance/src/index.ts`)};
export default {
  migrations: [],
  cutovers: [{ ...attendeeStatus, gates: { cleanMonitorRuns: 2, observationHours: { 3: 0, 4: 0, 5: 0 } } }],
};
`;

/** A club's file, its application's sources in a repository, and the people at the command line. */
export function openSite(): Site {
  const folder = mkdtempSync(join(tmpdir(), "runback-cutover-"));
  const file = join(folder, "club.db");
  const sources = join(folder, "app");
  mkdirSync(sources);
  writeFileSync(join(folder, "runback.config.ts"), config);
  const place: CliPlace = {
    config: join(folder, "runback.config.ts"),
    databaseUrl: `sqlite://${file}`,
    vaultUrl: pathToFileURL(join(folder, "vault")).href,
  };
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", sources, "-c", "user.name=ana", "-c", "user.email=ana@example.org", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  git("init", "--quiet");
  const run = (args: readonly string[], at: CliPlace = place) => runCli(at, [...args, "--json"]);
  const ok = async <T = Record<string, unknown>>(...args: string[]): Promise<T> => {
    const result = await run(args);
    expect([args.join(" "), result.status, result.stderr], result.stdout).toEqual([
      args.join(" "),
      0,
      expect.anything(),
    ]);
    return jsonOf<T>(result);
  };
  return {
    folder,
    sources,
    ok,
    refused: async (...args) => {
      const result = await run(args);
      expect([args.join(" "), result.status]).toEqual([args.join(" "), 1]);
      const { error, conditions, passed } = jsonOf<Refusal>(result);
      if (passed === false) return "guard failed";
      return error?.code ?? conditions!.filter(({ holds }) => !holds).map(({ id }) => id);
    },
    sql: (text, ...values) => asked(file, text, values),
    sqlIn: (other, text, ...values) => asked(other, text, values),
    commit: (code) => {
      writeFileSync(join(sources, "status.ts"), code);
      git("add", ".");
      git("commit", "--quiet", "-m", "status");
      return git("rev-parse", "HEAD");
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

interface Refusal {
  readonly error?: { readonly code: string };
  readonly conditions?: readonly { readonly id: string; readonly holds: boolean }[];
  readonly passed?: boolean;
}

function asked(file: string, text: string, values: readonly SQLInputValue[]): Record<string, unknown>[] {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    const statement = db.prepare(text);
    if (statement.columns().length > 0) return statement.all(...values).map((row) => ({ ...row }));
    statement.run(...values);
    return [];
  } finally {
    db.close();
  }
}

export interface Site {
  readonly folder: string;
  readonly sources: string;
  /** A command that must exit with 0; its document. */
  ok<T = Record<string, unknown>>(...args: string[]): Promise<T>;
  /** A command that must exit with 1: the conditions that do not hold, the error's code, or that the guard failed. */
  refused(...args: string[]): Promise<string | string[]>;
  /** As any other program: its own session, nothing of Runback's. */
  sql(text: string, ...values: SQLInputValue[]): Record<string, unknown>[];
  sqlIn(file: string, text: string, ...values: SQLInputValue[]): Record<string, unknown>[];
  /** Commits the application's source and returns the commit. */
  commit(code: string): string;
  close(): void;
}
