import { awake, isoDateTime, isoInstant, minutesPerDay, slashDate, slashDateTime } from "./calendar.ts";
import { type SampleEvent, sampleEvents } from "./events.ts";
import { exportDay, type SampleSize, stream } from "./export-options.ts";
import { Random } from "./random.ts";
import { coprimeStep, shuffle } from "./shuffle.ts";
import { contactId, registrationId } from "./source-ids.ts";

export const registrationColumns = [
  "Registration ID",
  "Contact ID",
  "Event ID",
  "Registration status",
  "Registration date",
  "Cancellation date",
] as const;

/** Every spelling of a status that the source system shows, with the target's status. */
export const sampleStatuses = {
  Confirmed: "CONFIRMED",
  Registered: "CONFIRMED",
  Cancelled: "CANCELLED",
  Canceled: "CANCELLED",
  Declined: "CANCELLED",
  Waitlisted: "WAITLISTED",
  WaitList: "WAITLISTED",
  Pending: "PENDING",
  "Pending payment": "PENDING_PAYMENT",
  "No show": "NO_SHOW",
} as const satisfies Readonly<Record<string, string>>;

type Status = keyof typeof sampleStatuses;

/** Out of 1,000 people who did not meet a full event. */
const held: readonly (readonly [Status, number])[] = [
  ["Confirmed", 560],
  ["Registered", 270],
  ["Cancelled", 60],
  ["Canceled", 30],
  ["Declined", 20],
  ["No show", 35],
  ["Pending payment", 17],
  ["Pending", 8],
];
const upcoming: readonly (readonly [Status, number])[] = [
  ["Confirmed", 480],
  ["Registered", 330],
  ["Cancelled", 40],
  ["Canceled", 20],
  ["Declined", 10],
  ["Pending payment", 80],
  ["Pending", 40],
];

function draw(random: Random, table: readonly (readonly [Status, number])[]): Status {
  let rank = random.below(1000);
  for (const [status, share] of table) {
    if (rank < share) return status;
    rank -= share;
  }
  throw new RangeError("the shares of the statuses do not add up to 1,000");
}

/**
 * Who comes to one event: `turnout` different members, most of them from the active third. Walks two cycles of member
 * positions instead of remembering who was taken.
 */
function* attendees(random: Random, members: number, turnout: number): Generator<number> {
  const active = Math.max(1, Math.floor(members * 0.3));
  const others = members - active;
  const fromActive = Math.min(active, turnout, Math.max(Math.ceil(turnout * 0.7), turnout - others));
  const activeStep = coprimeStep(random, active);
  const otherStep = coprimeStep(random, others);
  let activeAt = random.below(active);
  let otherAt = others === 0 ? 0 : random.below(others);
  for (let taken = 0, activeTaken = 0; taken < turnout; taken++) {
    if ((taken + 1) * fromActive >= (activeTaken + 1) * turnout) {
      yield activeAt;
      activeAt = (activeAt + activeStep) % active;
      activeTaken++;
    } else {
      yield active + otherAt;
      otherAt = (otherAt + otherStep) % others;
    }
  }
}

const datePatterns = [...Array<typeof slashDateTime>(10).fill(slashDateTime), isoDateTime, isoInstant];

function dayOnly(minutes: number): string {
  return slashDate(Math.floor(minutes / minutesPerDay));
}

/** The registrations of one event in the order people signed up, from months to a day before it. */
function* registrationsOf(
  event: SampleEvent,
  random: Random,
  members: number,
): Generator<{ position: number; status: Status; registered: string; cancelled: string }> {
  const eventDay = Math.floor(event.start / minutesPerDay);
  const closed = Math.min(eventDay, exportDay) * minutesPerDay;
  const opened = closed - (14 + random.below(76)) * minutesPerDay;
  const span = closed - opened - minutesPerDay;
  const statuses = eventDay < exportDay ? held : upcoming;
  let seated = 0;
  let count = 0;
  for (const position of attendees(random, members, event.turnout)) {
    const signedUp = opened + Math.floor((count * span + random.below(span)) / event.turnout);
    const drawn = draw(random, statuses);
    const cancels = sampleStatuses[drawn] === "CANCELLED";
    const full = event.limit > 0 && seated >= event.limit;
    const status = full && !cancels ? random.pick(["Waitlisted", "WaitList"] as const) : drawn;
    if (!cancels && !full) seated++;
    const format = random.permille(80) ? dayOnly : random.pick(datePatterns);
    const leftAt = cancels ? signedUp + random.below(closed - signedUp) : undefined;
    yield {
      position,
      status,
      registered: format(awake(signedUp)),
      cancelled: leftAt === undefined ? "" : format(awake(leftAt)),
    };
    count++;
  }
}

/** The records of the registrations file, in order of event and sign-up. */
export function* registrationRows(size: SampleSize): Generator<string[]> {
  const memberAt = shuffle(new Random(size.seed, stream.registration, -1), size.members);
  let index = 0;
  let eventIndex = 0;
  for (const event of sampleEvents(size)) {
    const random = new Random(size.seed, stream.registration, eventIndex++);
    for (const { position, status, registered, cancelled } of registrationsOf(event, random, size.members)) {
      const contact = contactId(size.seed, memberAt(position));
      yield [registrationId(index++), contact, event.id, status, registered, cancelled];
    }
  }
}
