import type { Parsed } from "@runback/core";
import { Temporal } from "temporal-polyfill";

const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

const refusal = (message: string) => ({ reason: "invalid-date", message });

// An export has few distinct days: the zone is asked once a day, or once a minute on the two days a year it changes.
// Asking it a row took half of all parsing time and most of its memory.
const offsets = new Map<string, string | null>();
const changing = "changes on this day";

/**
 * An instant as `YYYY-MM-DDTHH:MM:SS±HH:MM` from the formats exports use: `MM/DD/YYYY`, with ` HH:mm`, ISO 8601. A time
 * without an offset is local to the zone. A day or a time that does not exist is refused, never moved; a time that
 * exists twice is the earlier one.
 *
 * @returns null for an empty text
 */
export function parseInstant(text: string, zone: string): Parsed {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const us = american.exec(trimmed);
  const parts = us ?? iso.exec(trimmed);
  if (!parts) return refusal("is not a date of a known format (MM/DD/YYYY, MM/DD/YYYY HH:mm, ISO 8601)");
  const [year, month, day] = us ? [us[3], us[1], us[2]] : [parts[1], parts[2], parts[3]];
  const [hour = "0", minute = "00", second = "00"] = [parts[4], parts[5], parts[6]];
  const fraction = us ? "" : (parts[7] ?? "");
  const date = `${year}-${pad(month)}-${pad(day)}`;
  const local = `${date}T${pad(hour)}:${minute}`;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return refusal("is a time that does not exist");
  const given = us ? undefined : parts[8];
  const ofDay = remembered(`${zone} ${date}`, () => dayOffset(date, zone));
  if (ofDay === null) return refusal("is a day that does not exist");
  if (given !== undefined) {
    // Its own offset says what instant it is: what clocks in the zone show then does not matter.
    return validOffset(given) ? `${local}:${second}${fraction}${given}` : refusal("has an offset no place has");
  }
  const offset = ofDay === changing ? remembered(`${zone} ${local}`, () => minuteOffset(local, zone)) : ofDay;
  return offset === null
    ? refusal("is a time that does not exist: clocks leave it out")
    : `${local}:${second}${fraction}${offset}`;
}

function pad(digits: string | undefined): string {
  return (digits ?? "").padStart(2, "0");
}

/** From -12:00 to +14:00, the offsets in use. */
function validOffset(offset: string): boolean {
  if (offset === "Z") return true;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return Number(offset.slice(-2)) < 60 && minutes <= (offset.startsWith("+") ? 14 : 12) * 60;
}

function remembered(key: string, look: () => string | null): string | null {
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const found = look();
  // Bounded, so that a hostile file cannot fill memory with invented days.
  if (offsets.size > 50_000) offsets.clear();
  offsets.set(key, found);
  return found;
}

/** The offset of a whole day, `changing` when it is not one, null for a day that does not exist. */
function dayOffset(date: string, zone: string): string | null {
  // No calendar has a year 0: 1 BC is followed by AD 1, and a database refuses what ISO 8601 calls 0000.
  if (date.startsWith("0000")) return null;
  let day: Temporal.PlainDate;
  try {
    day = Temporal.PlainDate.from(date, { overflow: "reject" });
  } catch {
    return null;
  }
  const start = day.toZonedDateTime(zone);
  const steady =
    start.toPlainDate().equals(day) &&
    start.hoursInDay === 24 &&
    start.offset === day.add({ days: 1 }).toZonedDateTime(zone).offset;
  return steady ? start.offset : changing;
}

/** The offset of a minute of a day on which the clock changes; null for a minute that is left out. */
function minuteOffset(localMinute: string, zone: string): string | null {
  const plain = Temporal.PlainDateTime.from(`${localMinute}:00`);
  const zoned = plain.toZonedDateTime(zone, { disambiguation: "earlier" });
  // In a gap "earlier" answers with another time than asked.
  return zoned.toPlainDateTime().equals(plain) ? zoned.offset : null;
}
