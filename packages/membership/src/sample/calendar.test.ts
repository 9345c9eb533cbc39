import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import * as Calendar from "./calendar.ts";

const zone = "America/Los_Angeles";

describe("calendar", () => {
  it("agrees with the platform on every day of 1900 to 2100", () => {
    for (let day = Calendar.dayNumber(1900, 1, 1); day <= Calendar.dayNumber(2100, 12, 31); day++) {
      const reference = new Date(day * 86_400_000);
      const { year, month, day: ofMonth } = Calendar.civilDate(day);
      const iso = `${reference.toISOString().slice(0, 10)}`;
      if (
        Calendar.isoDate(day) !== iso ||
        Calendar.dayNumber(year, month, ofMonth) !== day ||
        Calendar.weekday(day) !== reference.getUTCDay()
      ) {
        expect.unreachable(`day ${day} is ${Calendar.isoDate(day)}, expected ${iso}`);
      }
    }
    expect(Calendar.isoDate(0)).toBe("1970-01-01");
  });

  it("knows when clocks change in Los Angeles, 2007 to 2040", () => {
    const wrong: string[] = [];
    for (let day = Calendar.dayNumber(2007, 1, 1); day <= Calendar.dayNumber(2040, 12, 31); day++) {
      const date = Temporal.PlainDate.from(Calendar.isoDate(day));
      const noon = date.toZonedDateTime({ timeZone: zone, plainTime: "12:00" });
      const changes = noon.startOfDay().hoursInDay !== 24;
      if (Calendar.clocksChange(day) !== changes) wrong.push(date.toString());
      if (noon.offset !== `-0${Calendar.hoursBehindUtc(day)}:00`) wrong.push(`${date} ${noon.offset}`);
    }
    expect(wrong).toEqual([]);
  });

  it("moves times into waking hours and keeps their order and day", () => {
    let before = Number.NEGATIVE_INFINITY;
    for (let minute = -Calendar.minutesPerDay; minute < 2 * Calendar.minutesPerDay; minute++) {
      const moved = Calendar.awake(minute);
      expect(moved).toBeGreaterThanOrEqual(before);
      expect(Math.floor(moved / Calendar.minutesPerDay)).toBe(Math.floor(minute / Calendar.minutesPerDay));
      before = moved;
    }
    expect(Calendar.awake(0)).toBe(6 * 60);
    expect(Calendar.awake(Calendar.minutesPerDay - 1)).toBe(22 * 60 + 59);
  });

  it("writes the forms of the export", () => {
    const minutes = Calendar.dayNumber(2024, 3, 9) * Calendar.minutesPerDay + 8 * 60 + 5;
    expect(Calendar.slashDate(Calendar.dayNumber(2024, 3, 9))).toBe("03/09/2024");
    expect(Calendar.slashDateTime(minutes)).toBe("03/09/2024 08:05");
    expect(Calendar.isoDateTime(minutes)).toBe("2024-03-09T08:05:00");
    expect(Calendar.isoInstant(minutes)).toBe("2024-03-09T08:05:00-08:00");
    expect(Calendar.isoInstant(minutes + Calendar.minutesPerDay)).toBe("2024-03-10T08:05:00-07:00");
  });
});
