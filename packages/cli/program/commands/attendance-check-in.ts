import type { Marked } from "@runback/operations";
import { Command } from "commander";
import { type SubjectOptions, subjectOf } from "../attendance-subject.ts";
import type { Session } from "../session.ts";

export function attendanceCheckInCommand(session: Session): Command {
  return new Command("check-in")
    .description("mark somebody as there, present or late by the server's clock")
    .option("--participant <id>", "the participant's own id")
    .option("--event <id>", "the event, with --user")
    .option("--user <id>", "the person, with --event")
    .option("--operator <name>", "who marks, for the record")
    .action(async ({ operator, ...who }: SubjectOptions & { operator?: string }) => {
      const subject = subjectOf(who);
      const runtime = await session.runtime();
      const marked = await runtime.attendance.checkIn({ subject, actor: session.operator(operator) });
      session.result(marked, markedText(marked));
    });
}

export function markedText({ participant, event, changed, previous, status }: Marked): string {
  const who = `participant ${participant} of event ${event}`;
  return changed ? `${status}   ${who}, ${previous ?? "not marked"} before` : `${status}   ${who}, already so`;
}
