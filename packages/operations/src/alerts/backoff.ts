const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Short at first, since somebody waits for it; then patient enough to outlast a receiver's bad day. */
const waits = [
  5 * second,
  30 * second,
  2 * minute,
  10 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  8 * hour,
  8 * hour,
];

/**
 * Milliseconds until the next try after so many, or null when it is given up (after a good day). Up to a fifth longer at
 * random, so that a receiver that comes back is not met by everything at once.
 *
 * @param random a number from 0 to 1
 */
export function backoff(attempts: number, random: number): number | null {
  const wait = waits[attempts - 1];
  return wait === undefined ? null : Math.round(wait * (1 + random / 5));
}
