const minutesOf = (clock: string) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
const twoDigits = (number: number) => (number < 10 ? `0${number}` : String(number));

/**
 * What a clock at an offset shows in UTC, if it is the same day there, which most are: no calendar is asked then, which took
 * three times as long.
 *
 * @param clock `HH:MM`
 * @param offset `±HH:MM`
 * @returns `HH:MM`, or null for another day
 */
export function sameDayInUtc(clock: string, offset: string): string | null {
  const shift = minutesOf(offset.slice(1));
  const minutes = minutesOf(clock) + (offset.startsWith("-") ? shift : -shift);
  if (minutes < 0 || minutes >= 24 * 60) return null;
  return `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}
