import { consoleReport } from "@runback/operations";
import { runbackFolder } from "@runback/runtime";
import { Command } from "commander";
import { sampleExport } from "../sample-export.ts";
import { serveUntilStopped } from "../serve-until-stopped.ts";
import type { Session } from "../session.ts";
import { importText } from "./import.ts";

/** What `npm start` runs: everything a newcomer sees in the first minute. */
export function startCommand(session: Session): Command {
  return new Command("start")
    .description("set up what is missing, import the sample, verify it, then serve")
    .option("--once", "exit instead of serving")
    .action(async ({ once }: { once?: boolean }) => {
      const { home } = await session.loadConfig();
      const source = await sampleExport(runbackFolder(home));
      session.say("Opening the database ...");
      const runtime = await session.runtime();
      await runtime.init();
      session.say("Importing the sample export ...\n");
      const imported = await runtime.import({ source, operator: session.operator(undefined), dryRun: false });
      session.say(`${importText(imported)}\n`);
      const { report } = await runtime.verify(imported.runId);
      for (const check of report.checks) session.sayAll(consoleReport.checked(check));
      session.sayAll(consoleReport.closing(report));
      session.status = report.passed ? 0 : 1;
      if (session.options.json) session.result({ import: imported, verification: report }, "");
      if (!once) await serveUntilStopped(session, {});
    });
}
