import { RunbackError } from "@runback/core";

/** Enough to see the cause, short enough for a terminal. */
const TAIL_LINES = 12;

/** The one error users meet when the embedded server does not come up; it carries the end of what the server said. */
export function startFailed(what: string, log: string, cause?: unknown): RunbackError {
  const tail = lastLines(log);
  return new RunbackError(
    "EMBEDDED_START_FAILED",
    `The embedded PostgreSQL did not start: ${what}${tail ? `\n${tail}` : ""}`,
    {
      recovery:
        "Nothing was changed. Free what the lines above name (disk, memory, permissions) and run the command again, or set DATABASE_URL to a server of your own.",
      details: { log: tail },
      status: 503,
      cause,
    },
  );
}

/** The last lines of a text, without the blank ones. */
export function lastLines(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-TAIL_LINES)
    .join("\n");
}
