import { runExec } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function execCommand(session: Session): Command {
  return new Command("exec")
    .description("run any program as a journaled run: psql, a script, another migration tool")
    .argument("<command...>", "the program and its arguments, after --")
    .option("--tables <a,b>", "tables to journal (default: all)")
    .option("--operator <name>", "who runs it, for the record")
    .action(async (words: string[], options: { tables?: string; operator?: string }) => {
      const runtime = await session.runtime();
      const [command, ...args] = words as [string, ...string[]];
      const result = await runExec(runtime.context, {
        command,
        args,
        operator: session.operator(options.operator),
        auditTable: runtime.auditTable(),
        appendOnly: [runtime.attendance.auditTable],
        targetUrl: runtime.databaseUrl,
        env: process.env,
        // The one document on stdout is Runback's; the program's own output goes beside it.
        ...(session.options.json ? { stdio: ["inherit", 2, 2] as const } : {}),
        ...(options.tables === undefined ? {} : { tables: options.tables.split(",").map((name) => name.trim()) }),
      });
      session.status = result.exitCode === 0 ? 0 : 2;
      session.result(result, () =>
        [
          `Run ${result.runId}: exit status ${result.exitCode}, ${result.rows} rows changed in ${result.tables.length} journaled tables`,
          ...result.notJournaled.map((table) => `  not wholly journaled: ${table} (created or altered by the program)`),
          `Take it back with: runback rollback ${result.runId} --plan`,
        ].join("\n"),
      );
    });
}
