import { Command } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

export function monitorCommand(session: Session): Command {
  const command = new Command("monitor").description("checks on a schedule: see them, run one by hand");
  command.addCommand(
    new Command("list").description("every monitor, and whether it fails").action(async () => {
      const runtime = await session.runtime();
      await runtime.context.engine.init();
      const monitors = await runtime.monitors.list();
      session.result({ monitors }, () =>
        textTable(
          ["monitor", "every", "state", "what its failure says"],
          monitors.map(({ name, everyMs, alert, title }) => [
            name,
            everyMs < 3_600_000 ? `${everyMs / 60_000} min` : `${everyMs / 3_600_000} h`,
            alert === null ? "ok" : `FAIL ${alert.code}`,
            title,
          ]),
        ),
      );
    }),
  );
  command.addCommand(
    new Command("run")
      .description("run a monitor now; its failure raises an alert, its success resolves one")
      .argument("<name>")
      .action(async (name: string) => {
        const runtime = await session.runtime();
        const found = await runtime.monitors.run(name);
        session.result({ name, passed: true, found: found ?? null }, `PASS  ${name}`);
      }),
  );
  return command;
}
