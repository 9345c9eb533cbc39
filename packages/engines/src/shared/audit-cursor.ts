import { RunbackError } from "@runback/core";

/** Where the next page of a trail begins: after an entry's time and, among equal times, its id. */
export function writeCursor(time: string, id: string): string {
  return Buffer.from(JSON.stringify([time, id])).toString("base64url");
}

/**
 * A cursor comes from outside: anything but a time and an id is refused, before a query sees it.
 *
 * @param isTime whether a text is one that this engine writes for a time
 * @throws `CURSOR_INVALID`
 */
export function readCursor(text: string, isTime: (text: string) => boolean): [time: string, id: string] {
  try {
    const parsed = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown;
    if (Array.isArray(parsed) && parsed.length === 2) {
      const [time, id] = parsed as [unknown, unknown];
      if (typeof time === "string" && typeof id === "string" && isTime(time)) return [time, id];
    }
  } catch {
    // Falls through to the refusal.
  }
  throw cursorInvalid();
}

export function cursorInvalid(): RunbackError {
  return new RunbackError("CURSOR_INVALID", "The page cursor is not one that a listing returned.", {
    recovery: "List again from the beginning, without a cursor.",
  });
}
