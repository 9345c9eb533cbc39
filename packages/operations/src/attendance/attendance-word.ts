import { type AttendanceVocabulary, attendanceWords } from "@runback/attendance";
import { RunbackError } from "@runback/core";

/** @throws `STATUS_UNKNOWN` */
export function assertWord(vocabulary: AttendanceVocabulary, to: string): void {
  const words = attendanceWords(vocabulary);
  if (words.includes(to)) return;
  throw new RunbackError("STATUS_UNKNOWN", `There is no attendance status ${JSON.stringify(to.slice(0, 40))} here.`, {
    recovery: `Nothing was changed. Statuses: ${words.join(", ")}.`,
  });
}
