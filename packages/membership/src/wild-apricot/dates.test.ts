import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { parseInstant } from "./dates.ts";

const home = "America/Los_Angeles";

describe("parseInstant", () => {
  it.each([
    ["06/01/2024", home, "2024-06-01T00:00:00-07:00"],
    ["6/1/2024", home, "2024-06-01T00:00:00-07:00"],
    ["01/15/2024 18:05", home, "2024-01-15T18:05:00-08:00"],
    ["01/15/2024 8:05", home, "2024-01-15T08:05:00-08:00"],
    ["2024-01-15", home, "2024-01-15T00:00:00-08:00"],
    ["2024-01-15T18:05:06.123456", home, "2024-01-15T18:05:06.123456-08:00"],
    ["2024-01-15 18:05", "Asia/Kathmandu", "2024-01-15T18:05:00+05:45"],
    ["  2024-02-29  ", home, "2024-02-29T00:00:00-08:00"],
    ["2024-06-01T18:00:00Z", home, "2024-06-01T18:00:00Z"],
    ["2024-06-01T18:00:00+0530", home, "2024-06-01T18:00:00+0530"],
  ])("reads %s in %s", (text, zone, instant) => {
    expect(parseInstant(text, zone)).toBe(instant);
  });

  it("takes an empty text for no date", () => {
    expect(parseInstant("", home)).toBeNull();
    expect(parseInstant("   ", home)).toBeNull();
  });

  it.each([
    "02/30/2024",
    "02/29/2023",
    "13/01/2020",
    "00/10/2020",
    "2021-04-31",
    "0000-01-01",
    "01/01/0000",
    "TBD",
    "2024",
    "01/02/24",
    "2024-06-01T24:00:00",
    "06/01/2024 25:00",
    "06/01/2024 10:60",
    "2024-06-01T10:00:60",
    "2024-06-01T10:00:00+15:00",
    "2024-06-01T10:00:00+05:75",
    "2024-06-01T10:00:00-13:00",
    "2024-06-01; DROP TABLE x",
  ])("refuses %s", (text) => {
    expect(parseInstant(text, home)).toMatchObject({ reason: "invalid-date" });
  });

  it.each([
    ["a spring night in California", home, "2024-03-10 02:30", null],
    ["the minute before it", home, "2024-03-10 01:59", "2024-03-10T01:59:00-08:00"],
    ["the minute after it", home, "2024-03-10 03:00", "2024-03-10T03:00:00-07:00"],
    ["an hour that comes twice: the earlier", home, "11/03/2024 01:30", "2024-11-03T01:30:00-07:00"],
    ["half an hour left out on Lord Howe Island", "Australia/Lord_Howe", "2024-10-06 02:15", null],
    ["the other half of that hour", "Australia/Lord_Howe", "2024-10-06 02:45", "2024-10-06T02:45:00+11:00"],
    ["a midnight left out in Brazil", "America/Sao_Paulo", "11/04/2018", null],
    ["a whole day left out in Samoa", "Pacific/Apia", "2011-12-30 12:00", null],
    ["an hour left out at home, with an offset of its own", home, "2024-03-10T02:30:00Z", "2024-03-10T02:30:00Z"],
  ])("knows when clocks change: %s", (_, zone, text, instant) => {
    if (instant === null) expect(parseInstant(text, zone)).toMatchObject({ reason: "invalid-date" });
    else expect(parseInstant(text, zone)).toBe(instant);
  });

  it("reads back what a clock anywhere shows at any minute", () => {
    const zones = [
      "America/Los_Angeles",
      "Europe/Berlin",
      "Australia/Lord_Howe",
      "Asia/Kolkata",
      "America/St_Johns",
      "UTC",
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(1975, 0, 1) / 60_000, max: Date.UTC(2035, 0, 1) / 60_000 }),
        (zone, minute) => {
          const shown = Temporal.Instant.fromEpochMilliseconds(minute * 60_000).toZonedDateTimeISO(zone);
          const parsed = parseInstant(shown.toPlainDateTime().toString({ smallestUnit: "minute" }), zone);
          // Of a time that is shown twice the earlier one is meant; any other is this very instant.
          const meant = shown.toPlainDateTime().toZonedDateTime(zone, { disambiguation: "earlier" });
          expect(Date.parse(String(parsed))).toBe(meant.epochMilliseconds);
        },
      ),
      { numRuns: 500 },
    );
  });
});
