import { Command } from "commander";
import type { Session } from "../session.ts";

export function initCommand(session: Session): Command {
  return new Command("init")
    .description("create Runback's own tables and the migration's model; any number of times, any number at once")
    .action(async () => {
      const runtime = await session.runtime();
      const result = await runtime.init();
      session.result(result, () => {
        if (result.applied.length === 0 && result.created.length === 0) return "Everything is in place.";
        return [
          ...result.applied.map((name) => `applied   ${name}`),
          ...result.created.map((name) => `created   ${name}`),
        ].join("\n");
      });
    });
}
