import { writeFile } from "node:fs/promises";
import { RunbackError } from "@runback/core";
import { Command, Option } from "commander";
import type { Session } from "../session.ts";

interface Options {
  readonly format: "text" | "json" | "sarif";
  readonly cutover?: string;
  readonly phase: string;
  readonly exclude?: string[];
  readonly record?: string;
}

/** Fails a build that writes a retired column. Reads files only: no database is opened. */
export function guardCommand(session: Session): Command {
  return new Command("guard")
    .description("find writes to a retired column in sources; opens no database")
    .argument("<paths...>", "files and folders of TypeScript, JavaScript, SQL and Prisma schemas")
    .addOption(new Option("--format <format>", "output").choices(["text", "json", "sarif"]).default("text"))
    .option("--cutover <name>", "one of the configured cutovers (default: all of them)")
    .addOption(
      new Option("--phase <n>", "rules of this phase of the cutover")
        .choices(["0", "1", "2", "3", "4", "5"])
        .default("4"),
    )
    .option("--exclude <paths...>", "files and folders to leave out, such as migrations that already ran")
    .option("--record <file>", "also write the result with its revision there, as JSON")
    .action(async (paths: string[], { format, cutover, phase, exclude, record }: Options) => {
      // Its parsers are for this command alone.
      const { guard, revisionOf, sarif, sourceFiles, text } = await import("@runback/guard");
      const { config } = await session.loadConfig();
      const cutovers = (config.cutovers ?? []).filter(({ name }) => cutover === undefined || name === cutover);
      if (cutovers.length === 0)
        throw new RunbackError(
          "CUTOVER_UNKNOWN",
          cutover === undefined
            ? "The configuration has no cutovers."
            : `The configuration has no cutover named ${cutover}.`,
          {
            recovery: `Add its definition to \`cutovers\` in the configuration${
              config.cutovers?.length ? `, or use one of: ${config.cutovers.map(({ name }) => name).join(", ")}` : ""
            }. Nothing was read: the guard has not passed.`,
          },
        );
      const files = await sourceFiles(paths, exclude ?? []);
      const report = await guard(files, {
        cutovers: cutovers.map((each) => ({ cutover: each, phase: Number(phase) as 0 | 1 | 2 | 3 | 4 | 5 })),
        now: new Date(),
        scope: { paths, excluded: exclude ?? [] },
        revision: await revisionOf(
          paths,
          files.map(({ path }) => path),
        ),
      });
      if (record !== undefined) await writeFile(record, `${JSON.stringify(report)}\n`);
      session.status = report.passed ? 0 : 1;
      if (format === "sarif") session.document(sarif(report));
      else if (format === "json" || session.options.json) session.document(report);
      else session.result(report, () => text(report));
    });
}
