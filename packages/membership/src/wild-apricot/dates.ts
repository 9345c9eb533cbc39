import { Temporal } from "@js-temporal/polyfill";
import type { Parsed } from "@runback/core";

const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

const refusal = (message: string) => ({ reason: "invalid-date", message });

// An export has few distinct days: the zone is asked once a day, or once an hour on the two days a year it changes.
// Asking it a row took half of all parsing time and most of its memory.
const offsets = new Map<string, string | null>();
const changing = "changes on this day";

/**
 * An instant as `YYYY-MM-DDTHH:MM:SS±HH:MM` from the formats exports use: `MM/DD/YYYY`, with ` HH:mm`, ISO 8601. A time
 * without an offset is local to the zone. A day or an hour that does not exist is refused, never moved; an hour that
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
  const local = `${date}T${pad(hour)}`;
  if (Number(minute) > 59 || Number(second) > 59) return refusal("is a time that does not exist");
  const given = us ? undefined : parts[8];
  const offset = Number(hour) > 23 ? null : offsetOf(date, local, zone);
  if (offset === null) return refusal("is a day or an hour that does not exist");
  return `${local}:${minute}:${second}${fraction}${given ?? offset}`;
}

function pad(digits: string | undefined): string {
  return (digits ?? "").padStart(2, "0");
}

function offsetOf(date: string, localHour: string, zone: string): string | null {
  const ofDay = remembered(`${zone} ${date}`, () => dayOffset(date, zone));
  return ofDay === changing ? remembered(`${zone} ${localHour}`, () => hourOffset(localHour, zone)) : ofDay;
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
  let day: Temporal.PlainDate;
  try {
    day = Temporal.PlainDate.from(date, { overflow: "reject" });
  } catch {
    return null;
  }
  const start = day.toZonedDateTime(zone);
  const steady = start.hoursInDay === 24 && start.offset === day.add({ days: 1 }).toZonedDateTime(zone).offset;
  return steady ? start.offset : changing;
}

/** The offset of an hour of a day on which the clock changes; null for an hour that is left out. */
function hourOffset(localHour: string, zone: string): string | null {
  const plain = Temporal.PlainDateTime.from(`${localHour}:00:00`);
  const zoned = plain.toZonedDateTime(zone, { disambiguation: "earlier" });
  // In a gap "earlier" answers with another hour than asked.
  return zoned.toPlainDateTime().equals(plain) ? zoned.offset : null;
}
