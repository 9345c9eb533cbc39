import type { FreezeResult } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";

export function freezeCommand(session: Session): Command {
  const command = new Command("freeze").description("keep everybody from writing to the target until it is lifted");
  command.addCommand(
    new Command("on")
      .description("refuse writes to every table of users; waits for writers that are under way")
      .requiredOption("--reason <text>", "why, for the record and for whoever is refused")
      .option("--operator <name>", "who runs it, for the record")
      .action(async ({ reason, operator }: { reason: string; operator?: string }) => {
        const runtime = await session.runtime();
        const state = await runtime.freezeOn({ reason, operator: session.operator(operator) });
        session.result(state, () => freezeText(state));
      }),
  );
  command.addCommand(
    new Command("off")
      .description("lift the freeze")
      .option("--operator <name>", "who runs it, for the record")
      .action(async ({ operator }: { operator?: string }) => {
        const runtime = await session.runtime();
        const state = await runtime.freezeOff({ operator: session.operator(operator) });
        session.result(state, () => freezeText(state));
      }),
  );
  command.addCommand(
    new Command("status").description("whether a freeze is on, since when and why").action(async () => {
      const state = await (await session.runtime()).freezeState();
      session.result(state, () => freezeText(state));
    }),
  );
  return command;
}

export function freezeText({ frozen, operator, since, reason, tables, open }: FreezeResult): string {
  if (!frozen) return "No write freeze is on.";
  return [
    `Frozen since ${since} by ${operator}: ${reason}`,
    `${tables.length} tables refuse writes. Lift it with: runback freeze off`,
    ...(open.length === 0
      ? []
      : [
          `Made since, and open: ${open.join(", ")}. Cover them with: runback freeze on --reason ${JSON.stringify(reason)}`,
        ]),
  ].join("\n");
}
