import { Command } from "commander";
import { type SubjectOptions, subjectOf } from "../attendance-subject.ts";
import type { Session } from "../session.ts";
import { markedText } from "./attendance-check-in.ts";

interface Options extends SubjectOptions {
  readonly to: string;
  readonly reason: string;
  readonly override?: boolean;
  readonly operator?: string;
}

export function attendanceCorrectCommand(session: Session): Command {
  return new Command("correct")
    .description("put right what was marked, at any time")
    .option("--participant <id>", "the participant's own id")
    .option("--event <id>", "the event, with --user")
    .option("--user <id>", "the person, with --event")
    .requiredOption("--to <status>", "what it is to be")
    .requiredOption("--reason <text>", "why, for the record")
    .option("--override", "attendee statuses: a manager answers for a change while the event is on")
    .option("--operator <name>", "who corrects, for the record")
    .action(async ({ operator, to, reason, override = false, ...who }: Options) => {
      const subject = subjectOf(who);
      const runtime = await session.runtime();
      const actor = session.operator(operator);
      const marked = await runtime.attendance.correct({ subject, to, reason, override, actor });
      session.result(marked, markedText(marked));
    });
}
