import { writeFile } from "node:fs/promises";
import { consoleReport, reportFormats } from "@runback/operations";
import { Command, Option } from "commander";
import type { Session } from "../session.ts";

interface Options {
  readonly bundle: string;
  readonly output: string;
  readonly format: keyof typeof reportFormats;
  readonly verbose?: boolean;
}

/** The verification tool of runbook 3: its options, defaults, console lines and exit codes. */
export function verifyCommand(session: Session): Command {
  return new Command("verify")
    .description("check a target against the bundle of a run")
    .requiredOption("-b, --bundle <dir or run-id>", "path to the migration bundle, or the id of a run")
    .option("-o, --output <path>", "output report path", "./verification-report.md")
    .addOption(
      new Option("-f, --format <format>", "output format").choices(Object.keys(reportFormats)).default("markdown"),
    )
    .option("-v, --verbose", "verbose output", false)
    .action(async (options: Options) => {
      const print = (lines: readonly string[]) => session.sayAll(lines);
      print(consoleReport.opening({ startedAt: new Date().toISOString(), bundlePath: options.bundle }));
      print(consoleReport.loading());
      const runtime = await session.runtime();
      const { report } = await runtime.verify(options.bundle, {
        folders: true,
        listener: {
          loaded: (loaded) => {
            print(
              consoleReport.loaded({
                runId: loaded.runId,
                dryRun: loaded.dryRun,
                ...(loaded.completedAt === null ? {} : { completedAt: loaded.completedAt }),
              }),
            );
            print(consoleReport.connecting());
          },
          counted: (counts) => {
            print(consoleReport.connected(counts));
            print(consoleReport.checking());
          },
          checked: (check) => print(consoleReport.checked(check, { verbose: options.verbose === true })),
        },
      });
      print(consoleReport.writing());
      await writeFile(options.output, reportFormats[options.format].render(report));
      print(consoleReport.written(options.output));
      print(consoleReport.closing(report));
      print(consoleReport.escalating(report.escalate));
      session.status = report.passed ? 0 : 1;
      if (session.options.json) session.result(report, "");
    });
}
