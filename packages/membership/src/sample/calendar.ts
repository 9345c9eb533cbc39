/**
 * Wall-clock time of the club's zone (America/Los_Angeles) as plain minutes since 1970-01-01 00:00 local: arithmetic on
 * it never asks the host for its zone or locale.
 */

export const minutesPerDay = 1440;

/** Days since 1970-01-01 of a Gregorian date; month 1 to 12. */
export function dayNumber(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** The Gregorian date of a day number. */
export function civilDate(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** 0 is Sunday. */
export function weekday(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

/** Whether clocks change on this day: second Sunday of March, first Sunday of November (United States, since 2007). */
export function clocksChange(days: number): boolean {
  return hoursBehindUtc(days) !== hoursBehindUtc(days - 1);
}

/** Hours that Los Angeles is behind UTC after 05:00 of a day: 7 while daylight saving holds, otherwise 8. */
export function hoursBehindUtc(days: number): 7 | 8 {
  const { year } = civilDate(days);
  const firstSundayFrom = (earliest: number): number => earliest + ((7 - weekday(earliest)) % 7);
  const spring = firstSundayFrom(dayNumber(year, 3, 8));
  const autumn = firstSundayFrom(dayNumber(year, 11, 1));
  return days >= spring && days < autumn ? 7 : 8;
}

/**
 * Moves a time into the waking hours of its day (06:00 to 22:59): people sign up then, and no local time of the export is
 * skipped or repeated when clocks change at 02:00. Keeps order: a later time never becomes an earlier one.
 */
export function awake(minutes: number): number {
  const midnight = Math.floor(minutes / minutesPerDay) * minutesPerDay;
  return midnight + 6 * 60 + Math.floor(((minutes - midnight) * 17) / 24);
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** `MM/DD/YYYY`. */
export function slashDate(days: number): string {
  const { year, month, day } = civilDate(days);
  return `${two(month)}/${two(day)}/${year}`;
}

/** `YYYY-MM-DD`. */
export function isoDate(days: number): string {
  const { year, month, day } = civilDate(days);
  return `${year}-${two(month)}-${two(day)}`;
}

function timeOfDay(minutes: number): string {
  const ofDay = minutes - Math.floor(minutes / minutesPerDay) * minutesPerDay;
  return `${two(Math.floor(ofDay / 60))}:${two(ofDay % 60)}`;
}

/** `MM/DD/YYYY HH:mm`. */
export function slashDateTime(minutes: number): string {
  return `${slashDate(Math.floor(minutes / minutesPerDay))} ${timeOfDay(minutes)}`;
}

/** `YYYY-MM-DDTHH:mm:00`, without an offset: local to the account. */
export function isoDateTime(minutes: number): string {
  return `${isoDate(Math.floor(minutes / minutesPerDay))}T${timeOfDay(minutes)}:00`;
}

/** `YYYY-MM-DDTHH:mm:00-07:00`; for times from 05:00 on. */
export function isoInstant(minutes: number): string {
  return `${isoDateTime(minutes)}-0${hoursBehindUtc(Math.floor(minutes / minutesPerDay))}:00`;
}
