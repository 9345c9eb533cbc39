import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { eventRows, sampleEvents } from "./events.ts";
import { sampleSize } from "./export-options.ts";

const zone = "America/Los_Angeles";

/** The instant a `MM/DD/YYYY HH:mm` of the export means; throws for times that clocks skip or repeat. */
function instantOf(text: string): Temporal.ZonedDateTime {
  const [, month, day, year, time] = /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d:\d\d)$/.exec(text) ?? [];
  return Temporal.PlainDateTime.from(`${year}-${month}-${day}T${time}`).toZonedDateTime(zone, {
    disambiguation: "reject",
  });
}

function eventsOf(options: Parameters<typeof sampleSize>[0]) {
  return [...eventRows(sampleSize(options))].map(
    ([id = "", title = "", description = "", tags = "", location = "", start = "", end = "", limit = ""]) => ({
      id,
      title,
      description,
      tags,
      location,
      start: instantOf(start),
      end: end === "" ? undefined : instantOf(end),
      limit,
    }),
  );
}

/** Ids of events whose title, trimmed and without letter case, starts again within 60 minutes. */
function twins(events: ReturnType<typeof eventsOf>): string[] {
  const found: string[] = [];
  for (const same of Map.groupBy(events, ({ title }) => title.trim().toLowerCase()).values()) {
    const sorted = same.toSorted((a, b) => Temporal.ZonedDateTime.compare(a.start, b.start));
    for (const [index, event] of sorted.entries()) {
      const next = sorted[index + 1];
      if (next && next.start.epochMilliseconds - event.start.epochMilliseconds <= 3_600_000) found.push(next.id);
    }
  }
  return found;
}

const events = eventsOf({});

describe("events of the sample", () => {
  it("are 523 with increasing 7-digit ids over several years, in order of their days", () => {
    expect(events).toHaveLength(523);
    for (const [index, event] of events.entries()) {
      expect(event.id).toMatch(/^\d{7}$/);
      expect(Number(event.id)).toBeGreaterThan(Number(events[index - 1]?.id ?? 0));
      expect(event.title).toBe(event.title.trim());
      expect(event.title).not.toBe("");
    }
    expect(new Set(events.map(({ start }) => start.year)).size).toBeGreaterThanOrEqual(7);
  });

  it("come back under the same title, never within 60 minutes", () => {
    expect(new Set(events.map(({ title }) => title)).size).toBeLessThan(200);
    expect(twins(events)).toEqual([]);
  });

  it("end after they start, on times that exist once; some have no end, some last over a change of clocks", () => {
    for (const { id, start, end } of events) {
      if (end) expect(end.epochMilliseconds, id).toBeGreaterThan(start.epochMilliseconds);
    }
    expect(events.filter(({ end }) => end === undefined).length).toBeGreaterThan(20);
    const over = events.filter(({ start, end }) => end !== undefined && end.offset !== start.offset);
    expect(over.filter(({ start }) => start.offset === "-08:00").length).toBeGreaterThan(0);
    expect(over.filter(({ start }) => start.offset === "-07:00").length).toBeGreaterThan(0);
  });

  it("have limits of none and some", () => {
    for (const { limit } of events) expect(limit).toMatch(/^(0|[1-9]\d*)$/);
    expect(events.filter(({ limit }) => limit === "0").length).toBeGreaterThan(100);
    expect(events.filter(({ limit }) => limit !== "0").length).toBeGreaterThan(100);
  });

  it("have titles and texts that try a parser", () => {
    for (const part of [",", '"', "é", "春节", "दीवाली", "麻將"]) {
      expect(
        events.some(({ title }) => title.includes(part)),
        part,
      ).toBe(true);
    }
    for (const part of ["\r\n", "\n", ",", '"', "🚲"]) {
      expect(
        events.some(({ description }) => description.includes(part)),
        part,
      ).toBe(true);
    }
    expect(events.some(({ location }) => location === "")).toBe(true);
    expect(events.some(({ tags }) => tags.includes(", "))).toBe(true);
  });

  it("stay apart when a day has more events than there are titles", () => {
    // 200,000 events on about 2,700 days: 75 a day from at most 50 titles.
    const size = sampleSize({ events: 200_000, registrations: 0 });
    const startsOfTitle = new Map<string, number[]>();
    let count = 0;
    for (const { title, start } of sampleEvents(size)) {
      count++;
      const key = title.toLowerCase();
      const starts = startsOfTitle.get(key);
      if (starts) starts.push(start);
      else startsOfTitle.set(key, [start]);
    }
    expect(count).toBe(200_000);
    expect([...startsOfTitle.keys()].some((title) => title.endsWith("(group 2)"))).toBe(true);
    // Two hours of wall clock are more than 60 minutes even across a change of clocks.
    for (const [title, starts] of startsOfTitle) {
      const sorted = Float64Array.from(starts).sort();
      const near = sorted.findIndex((start, index) => index > 0 && start - (sorted[index - 1] ?? 0) < 120);
      expect(near, title).toBe(-1);
    }
  });

  it.each([1, 2, 3, 50, 4000])("differ under seed %i and keep to the rules", (seed) => {
    const others = eventsOf({ seed });
    expect(others.map(({ title }) => title)).not.toEqual(events.map(({ title }) => title));
    expect(twins(others)).toEqual([]);
  });
});
