import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { isoDateTime } from "./calendar.ts";
import { sampleEvents } from "./events.ts";
import { type SampleOptions, sampleSize } from "./export-options.ts";
import { memberRows } from "./members.ts";
import { registrationRows, sampleStatuses } from "./registrations.ts";

const zone = "America/Los_Angeles";

/** The instant a date of the export means; throws for impossible days and for times that clocks skip or repeat. */
function instantOf(text: string): Temporal.Instant {
  const [, month, day, year, time = "00:00"] = /^(\d\d)\/(\d\d)\/(\d{4})(?: (\d\d:\d\d))?$/.exec(text) ?? [];
  const iso = year ? `${year}-${month}-${day}T${time}` : text;
  if (/-0[78]:00$/.test(iso)) return Temporal.ZonedDateTime.from(`${iso}[${zone}]`, { offset: "reject" }).toInstant();
  return Temporal.PlainDateTime.from(iso, { overflow: "reject" })
    .toZonedDateTime(zone, { disambiguation: "reject" })
    .toInstant();
}

describe.each<SampleOptions>([
  {},
  { seed: 7, members: 300, events: 400, registrations: 6000 },
  { seed: 2 ** 40, members: 25, events: 200, registrations: 4900 },
])("registrations of the sample %o", (options) => {
  const size = sampleSize(options);
  const rows = [...registrationRows(size)].map(
    ([id = "", contact = "", event = "", status = "", registered = "", cancelled = ""]) => ({
      id,
      contact,
      event,
      status,
      registered,
      cancelled,
    }),
  );
  const events = new Map([...sampleEvents(size)].map((event) => [event.id, event]));

  it("are as many as asked, with increasing 8-digit ids", () => {
    expect(rows).toHaveLength(options.registrations ?? 8603);
    for (const [index, { id }] of rows.entries()) {
      expect(id).toMatch(/^\d{8}$/);
      expect(Number(id)).toBeGreaterThan(Number(rows[index - 1]?.id ?? 0));
    }
  });

  it("name members and events of the export, each pair once", () => {
    const contacts = new Set([...memberRows(size)].map(([id]) => id));
    for (const row of rows) {
      expect(contacts.has(row.contact)).toBe(true);
      expect(events.has(row.event)).toBe(true);
    }
    expect(new Set(rows.map(({ contact, event }) => `${contact} ${event}`)).size).toBe(rows.length);
  });

  it("have every status in every spelling", () => {
    const seen = new Set(rows.map(({ status }) => status));
    expect([...seen].sort()).toEqual(Object.keys(sampleStatuses).sort());
  });

  it("were made before the event, on real times, in every form", () => {
    for (const { id, event, registered } of rows) {
      const start = instantOf(isoDateTime(events.get(event)?.start ?? Number.NaN));
      expect(Temporal.Instant.compare(instantOf(registered), start), id).toBe(-1);
    }
    const forms = [/^\d\d\/\d\d\/\d{4}$/, /^\d\d\/\d\d\/\d{4} \d\d:\d\d$/, /T\d\d:\d\d:00$/, /T\d\d:\d\d:00-0[78]:00$/];
    for (const form of forms) {
      expect(rows.filter(({ registered }) => form.test(registered)).length).toBeGreaterThan(100);
    }
  });

  it("carry a cancellation date exactly when cancelled, not before the registration nor after the event", () => {
    for (const { id, event, status, registered, cancelled } of rows) {
      const isCancelled = ["Cancelled", "Canceled", "Declined"].includes(status);
      expect(cancelled !== "", id).toBe(isCancelled);
      if (!isCancelled) continue;
      const start = instantOf(isoDateTime(events.get(event)?.start ?? Number.NaN));
      expect(Temporal.Instant.compare(instantOf(cancelled), instantOf(registered)), id).toBeGreaterThanOrEqual(0);
      expect(Temporal.Instant.compare(instantOf(cancelled), start), id).toBe(-1);
    }
  });

  it("seat no more people than the limit, and only full events have a waitlist", () => {
    for (const [id, people] of Map.groupBy(rows, ({ event }) => event)) {
      const limit = events.get(id)?.limit ?? 0;
      const waiting = people.filter(({ status }) => status === "Waitlisted" || status === "WaitList");
      const seated = people.filter(({ cancelled }) => cancelled === "").length - waiting.length;
      if (limit > 0) expect(seated, id).toBeLessThanOrEqual(limit);
      if (waiting.length > 0) expect(seated, id).toBe(limit);
    }
  });
});

describe("registrations of any size", () => {
  it("keep pairs unique at any size, up to everybody at everything", () => {
    const sizes = fc
      .record({ seed: fc.nat(), members: fc.integer({ min: 1, max: 40 }), events: fc.integer({ min: 1, max: 12 }) })
      .chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          registrations: fc.oneof(
            fc.constant(shape.members * shape.events),
            fc.nat({ max: shape.members * shape.events }),
          ),
        }),
      );
    fc.assert(
      fc.property(sizes, ({ shape, registrations }) => {
        const asked = sampleSize({ ...shape, registrations });
        const contacts = new Set([...memberRows(asked)].map(([id]) => id));
        const pairs = new Set<string>();
        for (const [, contact = "", event = ""] of registrationRows(asked)) {
          expect(contacts.has(contact)).toBe(true);
          pairs.add(`${contact} ${event}`);
        }
        expect(pairs.size).toBe(registrations);
      }),
      { numRuns: 200 },
    );
  });
});
