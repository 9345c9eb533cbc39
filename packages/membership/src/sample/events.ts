import { civilDate, clocksChange, dayNumber, minutesPerDay, slashDateTime } from "./calendar.ts";
import { descriptions, type EventKind, eventKinds, locations, overnightKinds } from "./event-titles.ts";
import { exportDay, type SampleSize, stream } from "./export-options.ts";
import { Random } from "./random.ts";
import { eventId } from "./source-ids.ts";
import { turnouts } from "./turnout.ts";

export const eventColumns = [
  "Event ID",
  "Event name",
  "Description",
  "Tags",
  "Location",
  "Start date",
  "End date",
  "Registration limit",
] as const;

export interface SampleEvent {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly tags: string;
  readonly location: string;
  /** Local minutes since 1970-01-01 00:00. */
  readonly start: number;
  readonly end: number | undefined;
  /** 0 is none. */
  readonly limit: number;
  /** How many registrations the export has for it. */
  readonly turnout: number;
}

const firstDay = dayNumber(2019, 1, 5);
const days = exportDay + 120 - firstDay;

const kindsOfMonth: readonly (readonly EventKind[])[] = Array.from({ length: 13 }, (_, month) =>
  eventKinds.filter(({ months }) => months === undefined || months.includes(month)),
);

function kindsOn(day: number): readonly EventKind[] {
  const kinds = kindsOfMonth[civilDate(day).month] ?? [];
  return clocksChange(day + 1) || clocksChange(day + 2) ? [...overnightKinds, ...kinds] : kinds;
}

/**
 * What happens as the `place`-th event of a day. One day never has a title twice and starts lie between 06:00 and 20:30,
 * so equal titles are always many hours apart: an importer that looks 60 minutes around a start never sees two.
 */
function kindOf(seed: number, day: number, place: number): { kind: EventKind; round: number } {
  const kinds = kindsOn(day);
  const favourite = kinds[0]?.nights === 2 ? 0 : new Random(seed, stream.event, -1 - day).below(kinds.length);
  const kind = kinds[(favourite + place) % kinds.length];
  if (kind === undefined) throw new RangeError("no kinds of events");
  return { kind, round: Math.floor(place / kinds.length) };
}

function limitFor(random: Random, turnout: number): number {
  const form = random.below(10);
  if (form < 4) return 0;
  if (form < 7 || turnout < 4) return Math.ceil((turnout + 1 + random.below(20)) / 5) * 5;
  // Fewer seats than people: the rest of them is on the waitlist.
  return turnout - 1 - random.below(Math.ceil(turnout / 4));
}

function sampleEvent(seed: number, index: number, events: number, turnout: number): SampleEvent {
  const random = new Random(seed, stream.event, index);
  const offset = Math.floor((index * days) / events);
  const place = index - Math.ceil((offset * events) / days);
  const day = firstDay + offset;
  const { kind, round } = kindOf(seed, day, place);
  const title =
    kind.title.replace("{year}", String(civilDate(day).year)) + (round === 0 ? "" : ` (group ${round + 1})`);
  const start = day * minutesPerDay + kind.hour * 60 + random.pick([0, 0, 0, 15, 30]);
  const nights = kind.nights ?? 0;
  const ending = nights > 0 ? (day + nights) * minutesPerDay + 11 * 60 : start + kind.minutes;
  return {
    id: eventId(seed, index),
    title,
    description: random.pick(descriptions),
    tags: kind.tags,
    location: random.pick(locations),
    start,
    end: nights === 0 && random.permille(120) ? undefined : ending,
    limit: limitFor(random, turnout),
    turnout,
  };
}

/** All events in order of start and id; each is computed alone, so a second pass costs no memory. */
export function* sampleEvents(size: SampleSize): Generator<SampleEvent> {
  let index = 0;
  for (const turnout of turnouts(size)) {
    yield sampleEvent(size.seed, index, size.events, turnout);
    index++;
  }
}

/** The records of the events file. */
export function* eventRows(size: SampleSize): Generator<string[]> {
  for (const event of sampleEvents(size)) {
    const end = event.end === undefined ? "" : slashDateTime(event.end);
    const { id, title, description, tags, location, start, limit } = event;
    yield [id, title, description, tags, location, slashDateTime(start), end, String(limit)];
  }
}
