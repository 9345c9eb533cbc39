import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { consoleReport } from "@runback/operations";
import { type Runtime, runbackFolder } from "@runback/runtime";
import { Command } from "commander";
import { sampleExport } from "../sample-export.ts";
import type { Session } from "../session.ts";
import { importText } from "./import.ts";

/** What `npm start` runs: everything a newcomer sees in the first minute. */
export function startCommand(session: Session): Command {
  return new Command("start")
    .description("set up what is missing, import the sample, verify it, then serve")
    .option("--once", "exit instead of serving")
    .action(async ({ once }: { once?: boolean }) => {
      const { home } = await session.loadConfig();
      const folder = runbackFolder(home);
      session.say("Preparing the sample export ...");
      const source = await sampleExport(folder);
      session.say("Opening the database ...");
      const runtime = await session.runtime();
      await runtime.init();
      session.say("Importing ...");
      const imported = await runtime.import({ source, operator: session.operator(undefined), dryRun: false });
      session.say(`${importText(imported)}\n`);
      const { report } = await runtime.verify(imported.runId);
      for (const check of report.checks) session.sayAll(consoleReport.checked(check));
      session.sayAll(consoleReport.closing(report));
      session.status = report.passed ? 0 : 1;
      if (once) {
        session.result({ import: imported, verification: report }, "");
        return;
      }
      const token = await operatorToken(runtime, folder);
      session.say(`token ${token}`);
    });
}

/** One token an installation, kept beside its database for its owner alone: starting again prints the same. */
async function operatorToken(runtime: Runtime, folder: string): Promise<string> {
  const file = join(folder, "operator-token");
  if (existsSync(file)) {
    const kept = (await readFile(file, "utf8")).trim();
    const { engine } = runtime.context;
    const { findToken } = await import("@runback/operations");
    if (findToken(await engine.store.tokens(engine), kept)) return kept;
  }
  const { secret } = await runtime.mintToken("operator", "operator");
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
  return secret;
}
