import { Command } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";
import { positive } from "./runs.ts";

export function alertsCommand(session: Session): Command {
  const command = new Command("alerts").description("failures that somebody has to look at, and who was told");
  command.addCommand(
    new Command("list")
      .description("unresolved alerts, newest first")
      .option("--all", "resolved ones too")
      .option("--limit <n>", "alerts at most", positive, 100)
      .action(async ({ all = false, limit }: { all?: boolean; limit: number }) => {
        const runtime = await session.runtime();
        await runtime.context.engine.init();
        const found = await runtime.alerts.list({ all, limit });
        session.result(found, () => {
          if (found.alerts.length === 0) return "No alerts.";
          const table = textTable(
            ["since", "alert", "state", "severity", "times", "code", "title", "reasons"],
            found.alerts.map((alert) => [
              alert.openedAt,
              alert.id,
              alert.state,
              alert.severity,
              String(alert.occurrences),
              alert.code,
              alert.title,
              alert.reasons.slice(0, 3).join("; ") + (alert.reasons.length > 3 ? " …" : ""),
            ]),
          );
          const dead = found.dead.map((each) => `Given up: ${each.deliveries} to ${each.receiver}`);
          return [table, ...dead].join("\n");
        });
      }),
  );
  command.addCommand(
    new Command("acknowledge")
      .description("say that you are on it; the check's next pass resolves it")
      .argument("<alert>", "its id, as `alerts list` prints it")
      .option("--operator <name>", "who acknowledges it")
      .action(async (id: string, { operator }: { operator?: string }) => {
        const runtime = await session.runtime();
        const alert = await runtime.alerts.acknowledge(id, session.operator(operator));
        session.result(alert, `${alert.id} acknowledged by ${alert.acknowledgedBy}`);
      }),
  );
  return command;
}
