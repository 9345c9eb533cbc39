import type { AuditTriggers } from "@runback/operations";
import { Argument, Command } from "commander";
import type { Session } from "../session.ts";

export function attendanceTriggersCommand(session: Session): Command {
  return new Command("triggers")
    .description("have the database refuse changes of the attendance audit, stop it from that, or see whether it does")
    .addArgument(new Argument("<state>").choices(["on", "off", "status"]))
    .option("--operator <name>", "who runs it, for the record")
    .action(async (state: "on" | "off" | "status", { operator }: { operator?: string }) => {
      const { attendance } = await session.runtime();
      const result =
        state === "status"
          ? await attendance.triggers()
          : await attendance.setTriggers({ on: state === "on", operator: session.operator(operator) });
      session.status = result.state === "partly" ? 1 : 0;
      session.result(result, () => triggersText(result));
    });
}

function triggersText({ table, state, triggers }: AuditTriggers): string {
  const said = { on: "on", missing: "missing", other: "another one of this name, or disabled" };
  return [
    ...triggers.map((trigger) => `${trigger.refuses.padEnd(8)}  ${trigger.name}: ${said[trigger.state]}`),
    state === "on"
      ? `The database refuses to change rows of ${table}.`
      : `Triggers of ${table} are ${state === "partly" ? "partly on" : state}. The monitor attendance-audit finds changed and deleted rows.`,
  ].join("\n");
}
